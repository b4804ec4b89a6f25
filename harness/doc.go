// Package harness runs tests of distributed systems and judges what happened.
//
// A test is a plan, a system, a workload and the faults that the plan names.
// [Run] is the only part that touches the world: it starts the system, lets
// workers do the planned operations while nemeses put faults on nodes and
// links, and records every invocation, completion and fault in a history.
// [Prepare], which makes the plan, and [Check], which judges the history, are
// pure.
//
// A timeout is a third outcome beside ok and fail. A worker whose operation
// ends unknown goes on under a new process, and the operation stays open in the
// history for ever: it may still take effect.
package harness
