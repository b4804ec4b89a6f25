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
// Keys, and parts of the history, are shared among processors; the result does
// not depend on how many there are.
//
// Where the order of writes is not known, as of registers that are written
// without having been read, a guess by time mostly turns out to be an execution;
// if not, cycles show which guesses were wrong, first within the stretch of the
// history that has the cycle, and in the end a search decides, or the verdict is
// unknown. No guess makes anything valid: in the end all of the graph, with the
// orders found, has a topological order or not. And none makes anything invalid:
// what is left of the graph without some of its nodes and edges has no more
// cycles than the whole.
//
// # What is decided
//
// Compared with the definitions, by trying everything on small histories, are:
// read committed and its variants for processes and real time; consistent view,
// parallel snapshot isolation; snapshot isolation, serializability and their
// variants; and of list-append the guarantees for processes. These are decided
// exactly, or unknown if the search for an order of writes was given up.
//
// Read uncommitted and its variants follow from the graph itself. Where the order
// of versions is known, it is known from what was read; all other writes can take
// the place that a topological order of the rest gives them. So there is an order
// without G0 if and only if the edges known, of writes and of the variant, have
// no cycle.
//
// # What is not decided
//
// Models between those of [ConsistencyModels] that have anomalies of their own
// are judged by the weaker and stronger ones: violated if a weaker one is, or if
// one of their anomalies occurs; holding if a stronger one does; else unknown.
// That what is said of cursor stability, repeatable read and update
// serializability is never wrong was compared with their definitions too; of
// monotonic atomic view, read atomic, causal, prefix, update atomic, monotonic
// view, monotonic snapshot read, forward consistent view, PRAM, sequential and
// linearizable it rests on what the models imply.
package transactional
