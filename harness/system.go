package harness

import (
	"context"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is what is under test: which nodes it has, how each is started, and
// how a client talks to them.
type System interface {
	// Name is how users name it.
	Name() string
	// Doc is one line for `tertium systems`.
	Doc() string
	// Defaults fills what the user left open in a config.
	Defaults(*plan.Config)
	// Workloads are the names of the workloads that its clients can do, the
	// default ones first.
	Workloads() []string
	// Bugs are the planted bugs that it can be started with.
	Bugs() []Bug
	// Nodes returns the nodes that a config asks for.
	Nodes(plan.Config) ([]cluster.Spec, error)
	// Protocol names the framing of its client connections ("http/1.1"), or is
	// empty.
	Protocol() string
	// Open returns a client for one process, bound to the client address of one
	// node. It does not connect. Whatever retries a client library makes by
	// itself must be off.
	Open(node, addr string, config plan.Config) (Client, error)
	// Primary asks the nodes, past every proxy, which of them leads, and
	// returns its name. A system without leaders returns "" and no error.
	Primary(ctx context.Context, c cluster.Cluster) (string, error)
	// Settled returns nil once every node has caught up with the others, so
	// that reads of single nodes may be compared.
	Settled(ctx context.Context, c cluster.Cluster) error
}

// TornWriter is a System whose logs can be left as a crash in the middle of a
// write leaves them.
type TornWriter interface {
	// Tear appends to the log of a node that is down the beginning of a record
	// that was never acknowledged, chosen by salt. It says what it wrote.
	Tear(data string, salt uint64) (what string, err error)
}

// Durable is a System that can promise that what it acknowledged survives a loss
// of power.
type Durable interface {
	// Durable reports whether it does as configured.
	Durable(plan.Config) bool
}

// Deduplicator is a System that promises, in some workloads, to do a request
// once however often it is delivered. Requests of other systems and workloads
// are never delivered twice by a fault.
type Deduplicator interface {
	// Deduplicates reports whether requests of the workload carry what the
	// promise needs, such as an Idempotency-Key.
	Deduplicates(workload string) bool
}

// Promoter is a System in which an operator, not the nodes, decides who leads.
type Promoter interface {
	// Promote makes a follower the leader, as an operator does who takes the
	// old one for lost, and has the other followers follow it. The old leader is
	// not told: until it ends, there may be two. When it starts again it must
	// find out by itself, and follow. Promote changes nothing and returns an
	// error if another follower has more of what the old leader had.
	Promote(ctx context.Context, c cluster.Cluster, node string) error
}

// Bug is a planted mistake, off by default.
type Bug struct {
	Name string
	// Doc is one line: the mistake, as its author would have made it.
	Doc string
	// Workload is the workload that shows it.
	Workload string
}

// Client does operations for one process: one at a time.
type Client interface {
	// Invoke does the operation and says what is known of it. It must return
	// soon after the context ends, with an unknown outcome unless it can prove
	// another.
	Invoke(ctx context.Context, op Invocation) Completion
	// Close gives up its connection.
	Close() error
}

// Invocation is an operation as a client sees it: all symbols resolved.
type Invocation struct {
	F, Key, Idem string
	Value        any
}

// Completion is what a client knows of an operation that it invoked.
type Completion struct {
	// Outcome is ok, or fail with an Error that proves that the operation had
	// no effect and never will; anything else is unknown, the zero value.
	Outcome history.Outcome
	// Value is the result; a failed operation may have one too: what it saw.
	Value any
	// Error is a short code, then details after a colon.
	Error string
	// Backoff asks the worker to wait a little before its next operation,
	// because the node cannot serve any now. Without it a node that is down
	// would use up the plan as fast as it refuses.
	Backoff bool
}

// Workload says which operations are generated, and which checkers judge them.
type Workload interface {
	Name() string
	// Doc is one line for `tertium workloads`.
	Doc() string
	// Defaults fills what the user and the system left open in a config.
	Defaults(*plan.Config)
	// Generators returns the operations of each phase, purely.
	Generators(plan.Config) plan.Generators
	// Resolver returns a resolver for the symbols of the plan, shared by all
	// workers.
	Resolver(plan.Config) Resolver
	// Checkers judge the history.
	Checkers(plan.Config) []Checker
}

// Monitored is a Workload whose properties can also be judged while the run goes
// on.
type Monitored interface {
	// Monitors returns fresh monitors, one for each checker that has one, under
	// the same name.
	Monitors(plan.Config) []Monitor
}

// Configurable is a Workload with options of its own that may be wrong.
type Configurable interface {
	// Validate returns an error if a config, with all defaults filled in, asks
	// for something that the workload does not have.
	Validate(plan.Config) error
}

// Resolver turns what the plan left open into values. It is used by all
// workers at once.
type Resolver interface {
	// Resolve replaces the symbols of an operation just before its invocation.
	Resolve(worker int, op plan.Op) plan.Op
	// Observe tells what came of it.
	Observe(worker int, op plan.Op, c Completion)
}

// FaultKind is one kind of fault that a nemesis can put on a system.
type FaultKind struct {
	// Name is how users name it: "lost-ack".
	Name string
	// Doc is one line for `tertium faults`.
	Doc string
	// Family groups kinds that the planner does not put on top of each other:
	// "wire", "link", "process", "disk".
	Family string
	// Targets are what it can be put on, in the words of [plan.Fault].
	Targets []string
	// Args are its parameters with the lowest and the highest value that the
	// planner draws.
	Args map[string][2]int64
	// Nodes is the lowest number of nodes that it makes sense for.
	Nodes int
	// Length is how long it lasts by default.
	Length time.Duration
	// Disk is true if nodes must have disks of the harness's own for it.
	Disk bool
	// OptIn is true if it is put on a system only when it is named: because it is
	// more than systems promise to survive, or because few runs are about it.
	OptIn bool
	// Promised reports whether a system promises to survive it; nil means that
	// all do. On one that does not it is put only when it is named, as what comes
	// of it accuses nobody.
	Promised func(System, plan.Config) bool
	// Available says whether it can be done here, or why not.
	Available func(System, plan.Config) error
	// New makes the fault that a plan asks for.
	New func(plan.Fault, World) (Fault, error)
}

// Fault is one fault, ready to be injected once and healed once.
type Fault interface {
	// Inject puts it in place. If it fails, Heal is called all the same.
	Inject(ctx context.Context) error
	// Heal undoes it. It is called even if the context of the run has ended.
	Heal(ctx context.Context) error
	// Evidence says how it took effect, so far.
	Evidence() Evidence
}

// Evidence is the proof that a fault took effect.
type Evidence struct {
	// Count is how often it did: messages dropped, processes killed. A fault
	// with a count of zero never bit.
	Count int64
	// Where are the nodes or links that it was put on: "n2", "n1→n3".
	Where []string
	// What says it in words, such as "12 replies swallowed".
	What string
}

// World is what faults may touch.
type World interface {
	Cluster() cluster.Cluster
	System() System
	Config() plan.Config
	// Primary is the system's, "" when no node leads now.
	Primary(ctx context.Context) string
	// Watch calls f whenever an operation completes, until stop is called.
	Watch(f func(history.Event)) (stop func())
}

// Checker judges a history.
type Checker interface {
	// Name is the property's: "linearizable".
	Name() string
	Check(ctx context.Context, h *history.History, budget Budget) Report
}
