// Package listappend is the workload of transactions that append to lists and
// read them.
//
// Operations, none of which has a Key:
//
//	f    value of invocation                            value of an ok completion
//	txn  []any of []any{"append", key, int64, unique}   the same, with the list, a
//	     and []any{"r", key, nil}                       []any, of each read, or nil
//	                                                    if it is empty
//
// A transaction has one to four of these, and may have several of one list. A
// read shows what the transaction itself has appended before. A client answers
// fail only if nothing of the transaction was done and nothing will be; one with
// an unknown outcome may be done at any later time, or never, and is not tried
// again.
//
// So many lists are in use at a time as the config has keys: "l0", "l1" and so
// on, of which one in eight gets half of all. After a while a fresh one takes
// the place of each ("l7", then "l7.1"), at the same time for all workers. Once
// the faults are healed and the nodes have settled, every list is read through
// every node.
//
// Options of the config:
//
//	consistency-model   what transactions are judged by; strict-serializable is
//	                    the default
package listappend
