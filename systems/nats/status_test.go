package nats

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// saysOf is what a server's monitoring says, with one stream and its consumer.
func saysOf(leader string, last, messages int, replicas string) string {
	return fmt.Sprintf(`{"meta_cluster":{"leader":"n1","cluster_size":3},"account_details":[{"stream_detail":[
		{"name":"s","cluster":{"leader":%q,"replicas":[%s]},"state":{"messages":%d,"last_seq":%d},
		"consumer_detail":[{"name":"c","cluster":{"leader":"n1"}}]}]}]}`, leader, replicas, messages, last)
}

func reportsOf(t *testing.T, texts ...string) []report {
	var all []report
	for i, text := range texts {
		r := report{Server: fmt.Sprintf("n%d", i+1)}
		require.NoError(t, json.Unmarshal([]byte(text), &r), text)
		all = append(all, r)
	}
	return all
}

func TestSettled(t *testing.T) {
	good := saysOf("n1", 7, 5, `{"name":"n2","current":true},{"name":"n3","current":true}`)
	for name, c := range map[string]struct {
		last string
		says string
	}{
		"all alike":       {saysOf("n1", 7, 5, ""), ""},
		"not all streams": {`{"meta_cluster":{"leader":"n1","cluster_size":3}}`, ""},
		"behind":          {saysOf("n1", 6, 5, ""), "n3 has messages up to 6 of stream s, 5 in all, and n2 up to 7, 5 in all"},
		"other messages":  {saysOf("n1", 7, 4, ""), "n3 has messages up to 7 of stream s, 4 in all"},
		"no leader":       {saysOf("", 7, 5, ""), "n3 knows no leader of stream s"},
		"consumer":        {strings.Replace(good, `{"name":"c","cluster":{"leader":"n1"}}`, `{"name":"c"}`, 1), "n3 knows no leader of consumer c of s"},
		"no meta":         {`{}`, "n3 knows no leader of the cluster"},
		"other meta":      {strings.Replace(good, `"leader":"n1"`, `"leader":"n3"`, 1), "n3 says that n3 leads, and n1 that n1 does"},
		"small":           {strings.Replace(good, `size":3`, `size":2`, 1), "n3 knows of 2 servers"},
		"lag":             {saysOf("n3", 7, 5, `{"name":"n2","current":true,"lag":1}`), "n3, which leads stream s, says that n2 is behind"},
		"offline":         {saysOf("n3", 7, 5, `{"name":"n2","current":true,"offline":true}`), "n2 is behind"},
		"not current":     {saysOf("n3", 7, 5, `{"name":"n2"}`), "n2 is behind"},
	} {
		t.Run(name, func(t *testing.T) {
			err := settled(reportsOf(t, good, good, c.last))
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
		})
	}
	require.NoError(t, settled(reportsOf(t, `{}`)), "a server alone has nobody to catch up with")
}

// node is a node with monitoring.
type node struct {
	cluster.Node
	name, addr string
	state      cluster.State
}

func (n node) Name() string         { return n.name }
func (n node) Addr(string) string   { return n.addr }
func (n node) State() cluster.State { return n.state }

// nodes are a cluster of them.
type nodes struct {
	cluster.Cluster
	all []cluster.Node
}

func (n nodes) Nodes() []cluster.Node { return n.all }

func monitored(t *testing.T, texts ...string) nodes {
	var c nodes
	for i, text := range texts {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.String() != "/jsz?streams=true&consumers=true" || text == "" {
				http.Error(w, "no", http.StatusServiceUnavailable)
				return
			}
			fmt.Fprint(w, text)
		}))
		t.Cleanup(server.Close)
		c.all = append(c.all, node{name: fmt.Sprintf("n%d", i+1), addr: strings.TrimPrefix(server.URL, "http://"), state: cluster.Running})
	}
	return c
}

func TestPrimaryLeadsMostStreams(t *testing.T) {
	two := strings.Replace(saysOf("n2", 1, 1, ""), `{"name":"s"`, `{"name":"r","cluster":{"leader":"n2"}},{"name":"s"`, 1)
	for want, texts := range map[string][]string{
		"n2": {saysOf("n1", 1, 1, ""), two, saysOf("n3", 1, 1, "")},
		"n1": {saysOf("n1", 1, 1, ""), "", saysOf("n3", 1, 1, "")},
		"n3": {saysOf("n3", 1, 1, ""), "rubbish", saysOf("n3", 1, 1, "")},
	} {
		name, err := System{}.Primary(t.Context(), monitored(t, texts...))
		require.NoError(t, err)
		require.Equal(t, want, name)
	}
	c := monitored(t, saysOf("n1", 1, 1, ""), saysOf("n1", 1, 1, ""), "")
	paused := c.all[0].(node)
	paused.state = cluster.Paused
	c.all[0] = paused
	_, err := System{}.Primary(t.Context(), c)
	require.ErrorContains(t, err, "no node that can be asked leads a stream")
	require.ErrorContains(t, System{}.Settled(t.Context(), c), "n3: its monitoring says 503")
	lone, err := System{}.Primary(t.Context(), monitored(t, `{}`))
	require.NoError(t, err)
	require.Equal(t, "n1", lone)
}

// The leader of a stream can be asked if it refuses what is meant for another.
func TestReachable(t *testing.T) {
	says := map[string][]answer{}
	_, c := startFake(t, func(subject, header, _ string) []answer {
		require.Contains(t, header, "Nats-Expected-Stream: none", "nothing is stored")
		return says[subject]
	})
	through := node{name: "n1", addr: c.addr}
	subjects := map[string]string{}
	for _, stream := range []string{queueStream("q0"), logStream("p1"), setStream, bucketStream} {
		subjects[stream] = subjectOf(stream)
	}
	require.Equal(t, map[string]string{
		"queue_q0": "queue.q0", "stream_p1": "stream.p1", "sets": "set.none", "KV_registers": "$KV.registers.none",
	}, subjects)
	refused := said(`{"error":{"code":400,"err_code":10060,"description":"expected stream does not match"},"stream":"x","seq":0}`)
	for _, subject := range subjects {
		says[subject] = refused
	}
	require.NoError(t, reachableThrough(t.Context(), through, subjects))
	for _, bad := range [][]answer{status503(), said(`{"stream":"x","seq":4}`), {{close: true}}} {
		says["queue.q0"] = bad
		require.ErrorContains(t, reachableThrough(t.Context(), through, subjects), "the leader of stream queue_q0 cannot be asked")
	}
}
