package plan

import (
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// Plan is the fully expanded schedule that a seed and a config stand for. It
// is plain data: equal seeds and configs give byte-identical encodings on every
// machine.
type Plan struct {
	Seed   uint64
	Config Config
	// Lanes hold the operations of the main phases, one lane a worker, each in
	// the order in which the worker invokes them.
	Lanes [][]Op
	// Faults are in order of their At.
	Faults []Fault
	// Drain is run after the faults are healed, Final last of all, each with
	// one lane a worker.
	Drain, Final [][]Op
}

// Op is one operation to come.
type Op struct {
	// Ref names the operation in the plan, for good: taking another operation
	// out does not rename it. "w3.117" is the 118th draw of worker 3.
	Ref string
	// At is the earliest moment of its invocation, counted from the start of
	// the main phases, or of drain or final if it is one of theirs. A worker
	// that is late does not wait.
	At time.Duration
	// F, Key and Idem are as in a history.
	F, Key, Idem string
	// Value is the argument. Where it depends on what a run sees it holds
	// symbols, which the workload resolves in the run.
	Value any
	// Node is the node to send it to; empty means the worker's own.
	Node string
	// Retries is how often the worker tries it again, under a new process,
	// after an unknown outcome. Only for operations that have an Idem.
	Retries int
	// Unless, if set, is a condition under which the operation is left out.
	Unless *Condition
}

// Symbol stands for a value that only the run knows, such as the value last
// seen under the operation's key. Its JSON form is {"$symbol": name}.
type Symbol string

// Fault is one fault to come.
type Fault struct {
	// Ref names the fault in the plan, for good.
	Ref string
	// Kind is the name of a fault that the nemeses offer, such as "lost-ack".
	Kind string
	// Target says where: a node or link by name, or in words that the run
	// resolves ("leader", "follower", "majority", "all").
	Target string
	// At is when to inject it, counted from the start of the main phases.
	At time.Duration
	// After, if set, delays the injection until it holds.
	After *Condition
	// For is how long it lasts once injected.
	For time.Duration
	// Args are the kind's own parameters, such as "delay_ms" or "percent".
	// They are whole numbers, because floating point is not the same on every
	// machine.
	Args map[string]int64
	// Salt seeds the decisions that the fault makes per message: the n-th
	// message it sees is judged by a hash of Salt and n.
	Salt uint64
}

// Condition holds once Count operations of function F have had Outcome: "after
// the 40th ok transfer".
type Condition struct {
	F       string
	Outcome history.Outcome
	Count   int
}
