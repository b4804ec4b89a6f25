// Package transactional judges histories of transactions by consistency models,
// from read uncommitted to strict serializable, and names what is wrong with
// them as Adya (1999) and Elle (Kingsbury and Alvaro 2020) do.
//
//	checker, err := transactional.New(transactional.ListAppend, transactional.WithModel("serializable"))
//	report := checker.Check(ctx, history, verdict.Budget{})
//
// # Histories
//
// A transaction is an operation with the function "txn", or none, whose value is
// a list of micro-operations [f key value]. Those of [ListAppend] append to lists
// and read whole lists; those of [RWRegister] write and read registers. The value
// of a completion has what the reads saw. Everything that is written to a key
// must be unique, or what reads saw is ambiguous, and the verdict unknown.
//
// A transaction that failed never happened. One with unknown outcome did happen
// if anything that it wrote was observed by a transaction that was answered, and
// else may as well not have; what it read nobody knows; and nothing comes after
// it for having been called later, because it may commit at any time.
//
// # How
//
// Lists show the order of their versions, and so do registers that are always
// read before they are written. From that follow the dependencies between
// transactions: one overwrote what another wrote (ww), saw it (wr), or did not
// see it yet (rw); to these come the orders of processes and of real time, the
// latter in three edges a transaction. If the graph has a topological order, that
// order is an execution which explains the history, and nothing is wrong. Only
// what is left by Kahn's algorithm is looked at further, by strongly connected
// components: of edges ww (G0), with wr (G1c), with rw (G2-item), and of the
// graph of starts and commits (G-single, G-nonadjacent), which has a cycle if and
// only if there are no snapshots that explain the reads (Cerone and Gotsman
// 2016). All that is linear in the size of the history.
//
// Where the order of writes is not known, as of registers that are written
// without having been read, a guess by time mostly turns out to be an execution;
// if not, cycles show which guesses were wrong, and in the end a search decides,
// or the verdict is unknown.
//
// # What is not decided
//
// Models between those of [ConsistencyModels] that have anomalies of their own
// are judged by the weaker and stronger ones: violated if a weaker one is, or if
// one of their anomalies occurs; holding if a stronger one does; else unknown.
package transactional
