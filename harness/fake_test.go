package harness_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// fakeSystem is a system in memory whose clients do what a test tells them.
type fakeSystem struct {
	invoke  func(ctx context.Context, node string, i harness.Invocation) harness.Completion
	settled func() error
	opened  atomic.Int64
	closed  atomic.Int64
}

func (*fakeSystem) Name() string          { return "fake" }
func (*fakeSystem) Doc() string           { return "a system in memory" }
func (*fakeSystem) Defaults(*plan.Config) {}
func (*fakeSystem) Workloads() []string   { return []string{"fake"} }
func (*fakeSystem) Bugs() []harness.Bug   { return []harness.Bug{{Name: "planted"}} }
func (*fakeSystem) Protocol() string      { return "" }

func (*fakeSystem) Nodes(c plan.Config) ([]cluster.Spec, error) {
	var specs []cluster.Spec
	for _, name := range c.Nodes {
		specs = append(specs, cluster.Spec{Name: name, Ports: []string{"client"}})
	}
	return specs, nil
}

func (s *fakeSystem) Open(node, _ string, _ plan.Config) (harness.Client, error) {
	s.opened.Add(1)
	return fakeClient{s, node}, nil
}

func (*fakeSystem) Primary(context.Context, cluster.Cluster) (string, error) { return "n1", nil }

func (s *fakeSystem) Settled(context.Context, cluster.Cluster) error {
	if s.settled != nil {
		return s.settled()
	}
	return nil
}

type fakeClient struct {
	system *fakeSystem
	node   string
}

func (c fakeClient) Invoke(ctx context.Context, i harness.Invocation) harness.Completion {
	if c.system.invoke == nil {
		return harness.Completion{Outcome: history.OK}
	}
	return c.system.invoke(ctx, c.node, i)
}

func (c fakeClient) Close() error {
	c.system.closed.Add(1)
	return nil
}

// fakeWorkload resolves nothing and observes everything.
type fakeWorkload struct {
	mu       sync.Mutex
	observed []harness.Completion
}

func (*fakeWorkload) Name() string                            { return "fake" }
func (*fakeWorkload) Doc() string                             { return "operations of a test" }
func (*fakeWorkload) Defaults(*plan.Config)                   {}
func (*fakeWorkload) Generators(plan.Config) plan.Generators  { return plan.Generators{} }
func (w *fakeWorkload) Resolver(plan.Config) harness.Resolver { return w }
func (*fakeWorkload) Checkers(plan.Config) []harness.Checker  { return nil }
func (*fakeWorkload) Resolve(_ int, op plan.Op) plan.Op       { return op }
func (w *fakeWorkload) Observe(_ int, _ plan.Op, c harness.Completion) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observed = append(w.observed, c)
}

// fakeRuntime makes clusters in memory and keeps the last one.
type fakeRuntime struct {
	cluster *fakeCluster
	// broken is a node that does not start.
	broken string
}

func (*fakeRuntime) Name() string { return "fake" }

func (r *fakeRuntime) Open(_ context.Context, specs []cluster.Spec, _ cluster.Options) (cluster.Cluster, error) {
	r.cluster = &fakeCluster{nodes: map[string]*fakeNode{}}
	for _, spec := range specs {
		r.cluster.nodes[spec.Name] = &fakeNode{name: spec.Name, broken: spec.Name == r.broken}
	}
	return r.cluster, nil
}

type fakeCluster struct {
	nodes  map[string]*fakeNode
	closed atomic.Bool
}

func (c *fakeCluster) Nodes() []cluster.Node {
	var nodes []cluster.Node
	for _, name := range slices.Sorted(maps.Keys(c.nodes)) {
		nodes = append(nodes, c.nodes[name])
	}
	return nodes
}

func (c *fakeCluster) Node(name string) cluster.Node { return c.nodes[name] }
func (c *fakeCluster) Links() []cluster.Link         { return nil }
func (c *fakeCluster) Link(_, to string) cluster.Link {
	if c.nodes[to] == nil {
		return nil
	}
	return fakeLink{to}
}
func (c *fakeCluster) Close() error {
	c.closed.Store(true)
	return nil
}

type fakeLink struct{ to string }

func (fakeLink) From() string            { return cluster.Client }
func (l fakeLink) To() string            { return l.to }
func (l fakeLink) Addr() string          { return l.to + ":1" }
func (fakeLink) Add(cluster.Rule) func() { return func() {} }
func (fakeLink) Reset() int              { return 0 }

type fakeNode struct {
	name   string
	broken bool
	mu     sync.Mutex
	state  cluster.State
	starts int
}

func (n *fakeNode) Name() string       { return n.name }
func (n *fakeNode) Addr(string) string { return n.name + ":1" }
func (n *fakeNode) Start(context.Context) error {
	if n.broken {
		return errors.New("it does not want to")
	}
	n.set(cluster.Running)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.starts++
	return nil
}
func (n *fakeNode) Stop(context.Context) error { return n.Kill() }
func (n *fakeNode) Kill() error                { n.set(cluster.Down); return nil }
func (n *fakeNode) Pause() error               { n.set(cluster.Paused); return nil }
func (n *fakeNode) Resume() error              { n.set(cluster.Running); return nil }
func (n *fakeNode) Data() string               { return "" }
func (n *fakeNode) Exits() []cluster.Exit      { return nil }
func (n *fakeNode) State() cluster.State {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}
func (n *fakeNode) set(s cluster.State) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = s
}

// fakeFault counts what is done to it.
type fakeFault struct {
	injectErr, healErr error
	// bites is how often it was asked for evidence before there is some.
	bites            int64
	asked            atomic.Int64
	injected, healed atomic.Int64
}

func (f *fakeFault) Inject(context.Context) error { f.injected.Add(1); return f.injectErr }
func (f *fakeFault) Heal(context.Context) error   { f.healed.Add(1); return f.healErr }
func (f *fakeFault) Evidence() harness.Evidence {
	if f.asked.Add(1) <= f.bites {
		return harness.Evidence{}
	}
	return harness.Evidence{Count: 3, Where: []string{"n1"}, What: "3 messages lost"}
}

func (f *fakeFault) kind() harness.FaultKind {
	return harness.FaultKind{
		Name: "fake-fault", Family: "wire", Targets: []string{"n1"}, Length: 20 * time.Millisecond,
		New: func(plan.Fault, harness.World) (harness.Fault, error) { return f, nil },
	}
}
