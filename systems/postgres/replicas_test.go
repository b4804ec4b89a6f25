package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/history"
)

// place is a node of a fake cluster, at the address of a fake server.
type place struct {
	cluster.Node
	name, addr string
}

func (p place) Name() string       { return p.name }
func (p place) Addr(string) string { return p.addr }

// places is a fake cluster.
type places struct {
	cluster.Cluster
	nodes []cluster.Node
}

func (p places) Nodes() []cluster.Node { return p.nodes }

// standingAs is the answer of a node to the question what it is: a primary of a
// timeline, or without one a replica with so much of the log.
func standingAs(timeline, received string) answer {
	replica := "t"
	if timeline != "" {
		replica = "f"
	}
	return table(column{boolOID, []string{replica}}, column{textOID, []string{timeline}}, column{bigOID, []string{received}})
}

// clusterOf is a cluster of fake servers that answer so what they are.
func clusterOf(t *testing.T, more map[string]answer, standings ...answer) (places, []*fake) {
	t.Helper()
	var p places
	var fakes []*fake
	for i, standing := range standings {
		answers := map[string]answer{"SELECT pg_is_in_recovery(),": standing}
		for sql, a := range more {
			answers[sql] = a
		}
		f, addr := serve(t, answers)
		fakes = append(fakes, f)
		p.nodes = append(p.nodes, place{name: fmt.Sprintf("n%d", i+1), addr: addr})
	}
	return p, fakes
}

func TestPrimary(t *testing.T) {
	replica, down := standingAs("", "100"), ends
	for name, test := range map[string]struct {
		nodes []answer
		want  string
	}{
		"one node is not asked":  {[]answer{down}, "n1"},
		"a primary":              {[]answer{replica, standingAs("00000001", "0")}, "n2"},
		"two of them":            {[]answer{standingAs("00000001", "0"), replica, standingAs("00000002", "0")}, "n3"},
		"the later one is first": {[]answer{standingAs("0000000A", "0"), standingAs("00000009", "0")}, "n1"},
		"some are down":          {[]answer{down, down, standingAs("00000001", "0")}, "n3"},
		"none leads":             {[]answer{replica, down}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := clusterOf(t, nil, test.nodes...)
			got, err := System{}.Primary(t.Context(), c)
			require.Equal(t, test.want, got)
			require.Equal(t, test.want == "", err != nil, err)
		})
	}
}

func TestSettled(t *testing.T) {
	primary, replica := standingAs("00000001", "0"), standingAs("", "100")
	says := func(streams, replayed string) map[string]answer {
		return map[string]answer{
			"SET synchronous_commit": tag("SET"), "SELECT pg_logical_emit_message": tag("SELECT 1"),
			"SELECT pg_current_wal_flush_lsn": table(column{textOID, []string{"0/64"}}),
			"SELECT EXISTS":                   table(column{boolOID, []string{streams}}, column{boolOID, []string{replayed}}),
		}
	}
	for name, test := range map[string]struct {
		more  map[string]answer
		nodes []answer
		want  string
	}{
		"alone":           {nil, []answer{ends}, ""},
		"caught up":       {says("t", "t"), []answer{replica, primary, replica}, ""},
		"behind":          {says("t", "f"), []answer{primary, replica}, "asking n2: it has not caught up with n1"},
		"cut off":         {says("f", "t"), []answer{primary, replica}, "asking n2: it has not caught up with n1"},
		"two primaries":   {says("t", "t"), []answer{primary, primary}, "both n1 and n2 are primaries"},
		"no primary":      {says("t", "t"), []answer{replica, replica}, "no node is a primary"},
		"a node is down":  {says("t", "t"), []answer{primary, ends}, "asking n2"},
		"no end is known": {map[string]answer{"SET": refusal("57P03")}, []answer{primary, replica}, "asking n1"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := clusterOf(t, test.more, test.nodes...)
			err := System{}.Settled(t.Context(), c)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

// The one that has most is promoted, and no other.
func TestPromoteRefuses(t *testing.T) {
	primary := standingAs("00000001", "0")
	for want, nodes := range map[string][]answer{
		"n2 is not to be promoted: n3 has 5 bytes more of the log": {primary, standingAs("", "100"), standingAs("", "105")},
		"n2 is a primary already":                                  {ends, primary},
		"asking n2":                                                {primary, ends},
		`there is no node "n2"`:                                    {primary},
		"it refuses to be promoted":                                {primary, standingAs("", "105"), standingAs("", "100")},
	} {
		c, fakes := clusterOf(t, map[string]answer{"SELECT pg_promote": table(column{boolOID, []string{"f"}})}, nodes...)
		require.ErrorContains(t, System{}.Promote(t.Context(), c, "n2"), want)
		for _, f := range fakes {
			require.NotContains(t, f.heard(), "ALTER")
		}
	}
	c, _ := clusterOf(t, map[string]answer{"SELECT pg_promote": table(column{boolOID, []string{"t"}})}, primary, standingAs("", "100"))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, System{}.Promote(ctx, c, "n2"), "n2 has not become a primary")
}

// eventually asks until there is no error.
func eventually(t *testing.T, ask func() error) {
	t.Helper()
	err := errors.New("not asked")
	for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		err = ask()
	}
	require.NoError(t, err)
}

// Three real servers: replicas follow, one is promoted while the primary is cut
// off, the other replica follows that one, and so does the old primary when it
// starts again, which then has nothing that the new one has not. What was
// acknowledged is there.
func TestRealFailover(t *testing.T) {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	c := config()
	c.Nodes, c.Workload = []string{"n1", "n2", "n3"}, "set"
	c.Options = map[string]string{"replication": "sync", "reads": "any"}
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	world, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	started := make(chan error, 3)
	for _, node := range world.Nodes() {
		go func() { started <- node.Start(t.Context()) }()
	}
	for range 3 {
		require.NoError(t, <-started)
	}
	settled := func() error { return System{}.Settled(t.Context(), world) }
	eventually(t, settled)
	do := func(node, f string, value any) harness.Completion {
		opened, err := System{}.Open(node, world.Link(cluster.Client, node).Addr(), c)
		require.NoError(t, err)
		defer opened.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return opened.Invoke(ctx, harness.Invocation{F: f, Key: "s", Value: value})
	}
	holds := func(elements ...any) {
		for _, node := range c.Nodes {
			got := do(node, "read", nil)
			require.Equal(t, history.OK, got.Outcome, got.Error)
			require.ElementsMatch(t, elements, got.Value, node)
		}
	}
	eventually(t, func() error {
		if got := do("n1", "add", int64(1)); got.Outcome != history.OK {
			return errors.New(got.Error)
		}
		return nil
	})
	require.True(t, strings.HasPrefix(do("n2", "add", int64(2)).Error, "read-only"))
	eventually(t, settled)
	holds(int64(1))
	leader := func() string {
		name, err := System{}.Primary(t.Context(), world)
		require.NoError(t, err)
		return name
	}
	require.Equal(t, "n1", leader())

	var removes []func()
	for _, link := range world.Links() {
		if link.From() == "n1" || link.To() == "n1" && link.From() != cluster.Client {
			removes = append(removes, link.Add(cut{}))
		}
	}
	got := do("n1", "add", int64(3))
	require.Equal(t, history.Unknown, got.Outcome, "it waits for a replica: %v", got)
	// Of two that are at one with each other, either may be promoted.
	promoted := "n2"
	if err := (System{}).Promote(t.Context(), world, promoted); err != nil {
		promoted = "n3"
		require.NoError(t, System{}.Promote(t.Context(), world, promoted), err)
	}
	require.Equal(t, promoted, leader(), "of two primaries the later one")
	require.ErrorContains(t, settled(), "are primaries")
	eventually(t, func() error {
		if got := do(promoted, "add", int64(4)); got.Outcome != history.OK {
			return errors.New(got.Error)
		}
		return nil
	})
	require.NoError(t, world.Node("n1").Kill())
	for _, remove := range removes {
		remove()
	}
	require.NoError(t, world.Node("n1").Start(t.Context()))
	eventually(t, settled)
	require.Equal(t, promoted, leader())
	holds(int64(1), int64(4))
	require.True(t, strings.HasPrefix(do("n1", "add", int64(5)).Error, "read-only"))

	// All end at once: who led last leads again.
	for _, node := range world.Nodes() {
		require.NoError(t, node.Kill())
	}
	for _, node := range world.Nodes() {
		go func() { started <- node.Start(t.Context()) }()
	}
	for range 3 {
		require.NoError(t, <-started)
	}
	eventually(t, settled)
	require.Equal(t, promoted, leader())
	holds(int64(1), int64(4))
}

// cut is a rule that nothing gets past.
type cut struct{}

func (cut) Dial() cluster.Action                 { return cluster.Action{Drop: true} }
func (cut) Judge(cluster.Message) cluster.Action { return cluster.Action{Drop: true} }
