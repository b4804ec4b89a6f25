package nemeses_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
)

// These tests put faults on real processes behind real links. wait bounds each
// wait for what must come, and patience that of a client for a reply.
const (
	wait     = 20 * time.Second
	patience = 500 * time.Millisecond
)

// world is a cluster of three nodes, of which the first leads.
type world struct {
	cluster cluster.Cluster
	system  harness.System
}

var _ harness.World = world{}

func (w world) Cluster() cluster.Cluster                { return w.cluster }
func (w world) System() harness.System                  { return w.system }
func (w world) Config() plan.Config                     { return plan.Config{Nodes: []string{"n1", "n2", "n3"}} }
func (w world) Primary(context.Context) string          { return "n1" }
func (w world) Watch(func(history.Event)) (stop func()) { return func() {} }

func open(t *testing.T) world {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	var specs []cluster.Spec
	peers := map[string][]string{"n1": {"n2", "n3"}, "n2": {"n1", "n3"}, "n3": {"n1", "n2"}}
	for _, name := range []string{"n1", "n2", "n3"} {
		specs = append(specs, cluster.Spec{
			Name: name, Ports: []string{"client", "peer"}, Peers: peers[name],
			Command: func(p cluster.Place) cluster.Command {
				args := []string{"name=" + name, "data=" + p.Data, "client=" + p.Listen["client"], "peer=" + p.Listen["peer"]}
				for peer, addr := range p.Dial {
					args = append(args, peer+"="+addr)
				}
				return cluster.Command{Path: program, Args: args, Env: []string{role + "=node"}}
			},
		})
	}
	runtime := local.Runtime{DataDir: t.TempDir()}
	c, err := runtime.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir(), Framer: nemeses.Framers()["http/1.1"]})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	for _, node := range c.Nodes() {
		require.NoError(t, node.Start(t.Context()))
	}
	system := &fake.TearableSystem{System: fake.System{Proto: "http/1.1"}, TearFunc: func(data string, _ uint64) (string, error) {
		log, err := os.OpenFile(filepath.Join(data, "log"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return "", err
		}
		defer log.Close()
		_, err = io.WriteString(log, "to")
		return "2 of 5 bytes", err
	}}
	return world{c, system}
}

func (w world) inject(t *testing.T, f plan.Fault) harness.Fault {
	t.Helper()
	kind, found := nemeses.Find(f.Kind)
	require.True(t, found)
	fault, err := kind.New(f, w)
	require.NoError(t, err)
	require.NoError(t, fault.Inject(t.Context()))
	return fault
}

// add has a node note a key, through the link, on a connection of its own.
func (w world) add(node, key string) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := http.Client{Timeout: patience, Transport: transport}
	// A request whose body cannot be read again is not sent again.
	body := struct{ io.Reader }{strings.NewReader(key)}
	request, err := http.NewRequest(http.MethodPost, "http://"+w.cluster.Link(cluster.Client, node).Addr()+"/add", body)
	if err != nil {
		return err
	}
	request.Header.Set("Idempotency-Key", key)
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	_, err = io.ReadAll(reply.Body)
	return err
}

// get asks a node, past its link or through it.
func get(t *testing.T, addr, path string) string {
	t.Helper()
	reply, err := http.Get("http://" + addr + path)
	require.NoError(t, err)
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	return string(text)
}

// noted counts how often a node has noted a key.
func (w world) noted(t *testing.T, node, key string) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(w.cluster.Node(node).Data(), "log"))
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return strings.Count(string(log), key+"\n")
}

// heard is how often a node has heard of another.
func (w world) heard(t *testing.T, at, of string) int {
	t.Helper()
	n, err := strconv.Atoi(get(t, w.cluster.Node(at).Addr("client"), "/heard/"+of))
	require.NoError(t, err)
	return n
}

// hears waits until a node hears more of another.
func (w world) hears(t *testing.T, at, of string) {
	t.Helper()
	before := w.heard(t, at, of)
	require.Eventually(t, func() bool { return w.heard(t, at, of) > before+3 }, wait, 5*time.Millisecond,
		"%s does not hear of %s", at, of)
}

func TestWireOnProcesses(t *testing.T) {
	w := open(t)
	for _, test := range []struct {
		kind string
		args map[string]int64
		ok   bool
		// here and there are how often n1 and the others note the request.
		here, there int
	}{
		{kind: "latency", args: map[string]int64{"delay_ms": 20}, ok: true, here: 1},
		{kind: "slow", args: map[string]int64{"bytes_per_s": 10_000}, ok: true, here: 1},
		{kind: "lost-ack", here: 1},
		{kind: "lost-request"},
		{kind: "duplicate", ok: true, here: 2},
		{kind: "duplicate-late", args: map[string]int64{"after_ms": 50}, ok: true, here: 2},
		{kind: "duplicate-elsewhere", ok: true, here: 1, there: 1},
		{kind: "reset-request"},
		{kind: "reset-before-reply", here: 1},
		{kind: "reset-after", ok: true, here: 1},
		{kind: "truncate", here: 1},
	} {
		t.Run(test.kind, func(t *testing.T) {
			kind, _ := nemeses.Find(test.kind)
			args := map[string]int64{}
			for name, value := range test.args {
				args[name] = value
			}
			if _, drawn := kind.Args["percent"]; drawn {
				args["percent"] = 100
			}
			fault := w.inject(t, plan.Fault{Kind: test.kind, Target: "leader", Args: args})
			require.Zero(t, fault.Evidence().Count)
			err := w.add("n1", test.kind)
			require.Equal(t, test.ok, err == nil, "%v", err)
			require.Eventually(t, func() bool { return fault.Evidence().Count > 0 }, wait, time.Millisecond)
			require.Equal(t, []string{"client→n1"}, fault.Evidence().Where)
			require.Equal(t, test.here, w.noted(t, "n1", test.kind))
			require.Equal(t, test.there, w.noted(t, "n2", test.kind)+w.noted(t, "n3", test.kind))
			require.NoError(t, fault.Heal(t.Context()))
			require.NoError(t, w.add("n1", "healed "+test.kind))
		})
	}
}

func TestLinksOfProcesses(t *testing.T) {
	w := open(t)
	for _, test := range []struct {
		fault plan.Fault
		// lost and kept are ways, such as "n1→n2".
		lost, kept []string
	}{
		{
			plan.Fault{Kind: "partition-leader", Target: "leader"},
			[]string{"n1→n2", "n2→n1", "n1→n3", "n3→n1"}, []string{"n2→n3", "n3→n2"},
		},
		{
			plan.Fault{Kind: "partition-one-way", Target: "n1", Args: map[string]int64{"deaf": 0}},
			[]string{"n1→n2", "n1→n3"}, []string{"n2→n1", "n3→n1", "n2→n3", "n3→n2"},
		},
		{
			plan.Fault{Kind: "partition-one-way", Target: "n1", Args: map[string]int64{"deaf": 1}},
			[]string{"n2→n1", "n3→n1"}, []string{"n1→n2", "n1→n3", "n2→n3", "n3→n2"},
		},
		{
			plan.Fault{Kind: "partition-bridge", Target: "n3"},
			[]string{"n1→n2", "n2→n1"}, []string{"n1→n3", "n3→n1", "n2→n3", "n3→n2"},
		},
		{
			plan.Fault{Kind: "link-latency", Target: "all", Args: map[string]int64{"delay_ms": 10}},
			nil, []string{"n1→n2", "n2→n1", "n1→n3", "n3→n1", "n2→n3", "n3→n2"},
		},
	} {
		t.Run(test.fault.Kind, func(t *testing.T) {
			ends := func(way string) (from, to string) { from, to, _ = strings.Cut(way, "→"); return }
			all := func(ways []string) {
				for _, way := range ways {
					from, to := ends(way)
					w.hears(t, to, from)
				}
			}
			all(append(test.lost, test.kept...))
			fault := w.inject(t, test.fault)
			// What was on its way has come by the time that others were heard.
			all(test.kept)
			before := map[string]int{}
			for _, way := range test.lost {
				from, to := ends(way)
				before[way] = w.heard(t, to, from)
			}
			all(test.kept)
			for _, way := range test.lost {
				from, to := ends(way)
				require.Equal(t, before[way], w.heard(t, to, from), way)
			}
			require.Eventually(t, func() bool { return fault.Evidence().Count > 0 }, wait, time.Millisecond)
			require.NoError(t, w.add("n1", test.fault.Kind), "clients reach every node")
			require.NoError(t, fault.Heal(t.Context()))
			all(append(test.lost, test.kept...))
		})
	}
}

func TestProcesses(t *testing.T) {
	w := open(t)
	states := func() (states []string) {
		for _, node := range w.cluster.Nodes() {
			states = append(states, node.State().String())
		}
		return states
	}
	heal := func(t *testing.T, fault harness.Fault) {
		t.Helper()
		require.NoError(t, fault.Heal(t.Context()))
		require.Equal(t, []string{"running", "running", "running"}, states())
		for _, node := range w.cluster.Nodes() {
			require.NoError(t, w.add(node.Name(), "after "+t.Name()))
		}
	}
	t.Run("kill", func(t *testing.T) {
		fault := w.inject(t, plan.Fault{Kind: "kill-all", Target: "all"})
		require.Equal(t, []string{"down", "down", "down"}, states())
		require.EqualValues(t, 3, fault.Evidence().Count)
		heal(t, fault)
	})
	t.Run("pause", func(t *testing.T) {
		fault := w.inject(t, plan.Fault{Kind: "pause", Target: "leader"})
		require.Equal(t, []string{"paused", "running", "running"}, states())
		require.EqualValues(t, 1, fault.Evidence().Count)
		heal(t, fault)
	})
	t.Run("killed while paused", func(t *testing.T) {
		fault := w.inject(t, plan.Fault{Kind: "pause", Target: "leader"})
		require.NoError(t, w.cluster.Node("n1").Kill())
		heal(t, fault)
	})
	for _, target := range []string{"leader", "all"} {
		t.Run("kill at the ack of "+target, func(t *testing.T) {
			fault := w.inject(t, plan.Fault{Kind: "kill-at-ack", Target: target, Args: map[string]int64{"reply": 1}})
			require.NoError(t, w.add("n1", t.Name()), "the reply arrives from the dead")
			require.Equal(t, "down", w.cluster.Node("n1").State().String())
			require.Equal(t, 1, w.noted(t, "n1", t.Name()))
			require.Contains(t, fault.Evidence().What, "of n1, which was then passed on: n1")
			heal(t, fault)
		})
		t.Run("kill before the ack of "+target, func(t *testing.T) {
			fault := w.inject(t, plan.Fault{Kind: "kill-at-ack", Target: target, Args: map[string]int64{"reply": 0}})
			require.Error(t, w.add("n1", t.Name()))
			require.Equal(t, "down", w.cluster.Node("n1").State().String())
			require.Equal(t, 1, w.noted(t, "n1", t.Name()), "it was done all the same")
			heal(t, fault)
		})
	}
}

func TestTornWriteOnProcesses(t *testing.T) {
	w := open(t)
	require.NoError(t, w.add("n1", "whole"))
	fault := w.inject(t, plan.Fault{Kind: "torn-write", Target: "leader"})
	require.NoError(t, fault.Heal(t.Context()))
	require.Equal(t, harness.Evidence{
		Count: 1, Where: []string{"n1"}, What: "n1: 2 of 5 bytes; running again: n1",
	}, fault.Evidence())
	require.Equal(t, "whole\nto", get(t, w.cluster.Link(cluster.Client, "n1").Addr(), "/log"))
}
