package plan

import "iter"

// Generators are the operations of a workload, phase by phase.
type Generators struct {
	// Main makes the operations of warm-up and faults. It spreads them over
	// time by [Stagger].
	Main Generator
	// Drain makes those that bring out what is still inside; Final reads all
	// back at last. Either may be nil.
	Drain, Final Generator
}

// Generator is a pure source of operations: for equal scopes it yields equal
// sequences. It may be endless.
type Generator func(Scope) iter.Seq[Op]

// Scope is what a generator may depend on.
type Scope struct {
	Seed   uint64
	Config Config
	// Worker is the worker that the operations are for, from 0.
	Worker int
	// Path names the place of this generator among its combinators, so that
	// each has random streams of its own.
	Path string
}
