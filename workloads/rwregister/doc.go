// Package rwregister is the workload of transactions that read registers and
// write them.
//
// Operations, none of which has a Key:
//
//	f    value of invocation                       value of an ok completion
//	txn  []any of []any{"w", key, int64, unique}   the same, with the value of
//	     and []any{"r", key, nil}                  each read; nil if never written
//
// Each register that a transaction writes it has read before, so that the order
// of values is known. It has one to four reads or writes and the reads that
// belong before these writes. A read shows what the transaction itself has
// written before. A client answers fail only if nothing of the transaction was
// done and nothing will be; one with an unknown outcome may be done at any later
// time, or never, and is not tried again.
//
// So many registers are in use at a time as the config has keys: "x0", "x1" and
// so on, of which one in eight gets half of all. After a while a fresh one takes
// the place of each ("x7", then "x7.1"), at the same time for all workers. Once
// the faults are healed and the nodes have settled, every register is read
// through every node.
//
// Options of the config:
//
//	consistency-model   what transactions are judged by; strict-serializable is
//	                    the default
package rwregister
