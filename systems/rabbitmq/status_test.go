package rabbitmq

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// The management API tells it like this.
const (
	toldNodes = `[{"name":"rabbit@n1","running":true,"partitions":[]},
		{"name":"rabbit@n2","running":true,"partitions":[]},{"name":"rabbit@n3","running":true,"partitions":[]}]`
	toldQueues = `[
		{"name":"q0","state":"running","type":"quorum","node":"rabbit@n2","messages_unacknowledged":0,
		 "members":["rabbit@n1","rabbit@n2","rabbit@n3"],"online":["rabbit@n3","rabbit@n2","rabbit@n1"]},
		{"name":"q1","state":"running","type":"classic","node":"rabbit@n2","messages_unacknowledged":0,
		 "slave_nodes":["rabbit@n1","rabbit@n3"],"synchronised_slave_nodes":["rabbit@n3","rabbit@n1"]}]`
)

// calm is what three nodes say when nothing is the matter.
func calm(t *testing.T) []view {
	views := []view{{node: "n1"}, {node: "n2"}, {node: "n3"}}
	for i := range views {
		require.NoError(t, json.Unmarshal([]byte(toldNodes), &views[i].nodes))
		require.NoError(t, json.Unmarshal([]byte(toldQueues), &views[i].queues))
	}
	return views
}

func TestSettled(t *testing.T) {
	require.NoError(t, settled(calm(t)))
	for name, test := range map[string]struct {
		change func(v []view)
		says   string
	}{
		"does not answer":       {func(v []view) { v[1].err = errors.New("node n2: refused") }, "node n2: refused"},
		"alone":                 {func(v []view) { v[2].nodes = v[2].nodes[2:] }, "the cluster of n3 has 1 nodes of 3"},
		"sees one down":         {func(v []view) { v[0].nodes[1].Running = false }, "n1 sees that rabbit@n2 runs: false"},
		"cut off":               {func(v []view) { v[2].nodes[0].Partitions = []string{"rabbit@n3"} }, "is cut off from"},
		"knows fewer queues":    {func(v []view) { v[1].queues = v[1].queues[1:] }, "n2 knows 1 queues and n1 2"},
		"queue is down":         {func(v []view) { v[0].queues[0].State = "down" }, `queue q0: it is "down"`},
		"no leader":             {func(v []view) { v[0].queues[1].Node = "" }, "queue q1: it has no leader"},
		"member is away":        {func(v []view) { v[0].queues[0].Online = v[0].queues[0].Online[1:] }, "queue q0: of its members"},
		"member is missing":     {func(v []view) { v[0].queues[0].Members = v[0].queues[0].Members[1:] }, "queue q0: of its members"},
		"leader is away":        {func(v []view) { v[0].queues[0].Node = "rabbit@n4" }, "led by rabbit@n4"},
		"mirror is behind":      {func(v []view) { v[1].queues[1].Synchronised = v[1].queues[1].Synchronised[1:] }, "queue q1: its mirrors"},
		"a consumer has some":   {func(v []view) { v[1].queues[1].Unacked = 3 }, "3 messages are out with consumers"},
		"and of quorum as well": {func(v []view) { v[2].queues[0].Unacked = 1 }, "1 messages are out with consumers"},
	} {
		t.Run(name, func(t *testing.T) {
			views := calm(t)
			test.change(views)
			require.ErrorContains(t, settled(views), test.says)
		})
	}
}

func TestPrimary(t *testing.T) {
	away := errors.New("nobody there")
	for name, test := range map[string]struct {
		change func(v []view)
		want   string
		fails  bool
	}{
		"that of most queues": {func([]view) {}, "n2", false},
		"the first if none": {func(v []view) {
			for i := range v {
				v[i].queues = nil
			}
		}, "n1", false},
		"the first that answers": {func(v []view) {
			v[0], v[1].queues, v[2].queues = view{node: "n1", err: away}, nil, nil
		}, "n2", false},
		"nobody": {func(v []view) {
			for i := range v {
				v[i] = view{node: v[i].node, err: away}
			}
		}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			views := calm(t)
			test.change(views)
			got, err := primary(views)
			require.Equal(t, test.want, got)
			require.Equal(t, test.fails, err != nil, err)
		})
	}
}
