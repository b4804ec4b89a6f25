package target_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/nemeses/internal/fake"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

func TestWords(t *testing.T) {
	w := fake.New(3)
	w.Lead("n2")
	for _, test := range []struct {
		target string
		want   []string
	}{
		{target.Leader, []string{"n2"}},
		{target.All, []string{"n1", "n2", "n3"}},
		{"n3", []string{"n3"}},
	} {
		nodes, err := target.Nodes(t.Context(), w, test.target, 7)
		require.NoError(t, err)
		require.Equal(t, test.want, target.Names(nodes), test.target)
	}
}

func TestChoicesAreTheSalts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := fake.New(rapid.IntRange(2, 7).Draw(t, "nodes"))
		w.Lead("n1")
		salt := rapid.Uint64().Draw(t, "salt")
		for word, size := range map[string]int{
			target.Follower: 1, target.Random: 1, target.Majority: len(w.Cluster().Nodes())/2 + 1,
		} {
			nodes, err := target.Nodes(t.Context(), w, word, salt)
			require.NoError(t, err)
			again, err := target.Nodes(t.Context(), w, word, salt)
			require.NoError(t, err)
			require.Equal(t, target.Names(nodes), target.Names(again))
			seen := map[string]bool{}
			for _, name := range target.Names(nodes) {
				seen[name] = true
			}
			require.Len(t, seen, size, "%s: each node once", word)
			require.False(t, word == target.Follower && seen["n1"], "the leader is no follower")
		}
	})
}

func TestEveryNodeIsChosenBySomeSalt(t *testing.T) {
	w := fake.New(3)
	w.Lead("n1")
	for word, want := range map[string]int{target.Random: 3, target.Follower: 2} {
		seen := map[string]bool{}
		for salt := range uint64(100) {
			nodes, err := target.Nodes(t.Context(), w, word, salt)
			require.NoError(t, err)
			seen[nodes[0].Name()] = true
		}
		require.Len(t, seen, want, word)
	}
}

func TestWaitsForALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fake.New(3)
		time.AfterFunc(2*time.Second, func() { w.Lead("n3") })
		nodes, err := target.Nodes(t.Context(), w, target.Leader, 0)
		require.NoError(t, err)
		require.Equal(t, []string{"n3"}, target.Names(nodes))
	})
}

func TestNoLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, word := range []string{target.Leader, target.Follower} {
			_, err := target.Nodes(t.Context(), fake.New(3), word, 0)
			require.ErrorContains(t, err, "no leader")
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
	})
}

func TestGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := target.Nodes(ctx, fake.New(3), target.Leader, 0)
	require.ErrorIs(t, err, context.Canceled)
}

func TestOneNodeIsItsOwnFollower(t *testing.T) {
	w := fake.New(1)
	w.Lead("n1")
	nodes, err := target.Nodes(t.Context(), w, target.Follower, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"n1"}, target.Names(nodes))
}

func TestImpossible(t *testing.T) {
	alone := fake.New(1)
	alone.Lead("n1")
	strange := fake.New(3)
	strange.Lead("n9")
	for name, test := range map[string]struct {
		world        *fake.World
		target, want string
	}{
		"unknown name":   {alone, "n2", `no node is called "n2"`},
		"unknown leader": {strange, target.Leader, `"n9" leads, but no node is called that`},
		"empty cluster":  {fake.New(0), target.Random, "no nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := target.Nodes(t.Context(), test.world, test.target, 0)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestCheck(t *testing.T) {
	c := fake.New(2).C
	words := []string{target.Leader, target.All}
	require.NoError(t, target.Check(c, "leader", words))
	require.NoError(t, target.Check(c, "n2", words))
	require.EqualError(t, target.Check(c, "follower", words), `the target "follower" is not one of leader, all, n1, n2`)
	require.Error(t, target.Check(c, "", words))
}
