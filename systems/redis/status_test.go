package redis

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// calm is what three nodes say when nothing is the matter.
func calm() []view {
	says := func() *opinion {
		return &opinion{primary: "10.0.0.1:7001", epoch: 3, flags: "master", replicas: "2", others: "2"}
	}
	return []view{
		{node: "n1", addr: "10.0.0.1:7001", role: rolePrimary, offset: 100, sentinel: says()},
		{node: "n2", addr: "10.0.0.2:7001", role: roleReplica, offset: 100, upstream: "10.0.0.1:7001", link: linkUp, sentinel: says()},
		{node: "n3", addr: "10.0.0.3:7001", role: roleReplica, offset: 114, upstream: "10.0.0.1:7001", link: linkUp, sentinel: says()},
	}
}

func TestSettled(t *testing.T) {
	require.NoError(t, settled(calm()))
	without := calm()
	for i := range without {
		without[i].sentinel = nil
	}
	require.NoError(t, settled(without))
	for name, test := range map[string]struct {
		change func(v []view)
		says   string
	}{
		"does not answer":     {func(v []view) { v[1].err = errors.New("node n2: refused") }, "node n2: refused"},
		"two primaries":       {func(v []view) { v[2].role = rolePrimary }, "both n1 and n3"},
		"no primary":          {func(v []view) { v[0].role, v[0].upstream, v[0].link = roleReplica, v[1].addr, linkUp }, "no node says"},
		"follows another":     {func(v []view) { v[1].upstream = v[2].addr }, `the link of n2 to 10.0.0.3:7001 is "connected"`},
		"link is down":        {func(v []view) { v[2].link = "connect" }, `the link of n3 to 10.0.0.1:7001 is "connect"`},
		"behind":              {func(v []view) { v[1].offset = 99 }, "n2 has 99 of the 100 bytes that n1 has written"},
		"sentinel of old":     {func(v []view) { v[2].sentinel.primary = v[1].addr }, "the Sentinel of n3 says that 10.0.0.2:7001 is primary"},
		"sentinel doubts":     {func(v []view) { v[0].sentinel.flags = "s_down,master" }, "s_down"},
		"sentinel is alone":   {func(v []view) { v[0].sentinel.others = "1" }, "1 other Sentinels, and there are 2"},
		"sentinel knows less": {func(v []view) { v[0].sentinel.replicas = "0" }, "0 replicas"},
	} {
		t.Run(name, func(t *testing.T) {
			views := calm()
			test.change(views)
			require.ErrorContains(t, settled(views), test.says)
		})
	}
}

func TestPrimary(t *testing.T) {
	none := errors.New("nobody there")
	for name, test := range map[string]struct {
		change func(v []view)
		want   string
		fails  bool
	}{
		"one":                   {func([]view) {}, "n1", false},
		"one that others doubt": {func(v []view) { v[1].sentinel.primary, v[1].sentinel.epoch = v[1].addr, 4 }, "n1", false},
		"two, and the latest epoch decides": {func(v []view) {
			v[2].role, v[2].sentinel.primary, v[2].sentinel.epoch = rolePrimary, v[2].addr, 4
		}, "n3", false},
		"two, and nobody to ask": {func(v []view) {
			v[2].role = rolePrimary
			for i := range v {
				v[i].sentinel = nil
			}
		}, "", false},
		"none, as all are replicas": {func(v []view) { v[0].role = roleReplica }, "", false},
		"none that answers": {func(v []view) {
			for i := range v {
				v[i] = view{node: v[i].node, err: none}
			}
		}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			views := calm()
			test.change(views)
			got, err := primary(views)
			require.Equal(t, test.want, got)
			require.Equal(t, test.fails, err != nil, err)
		})
	}
}
