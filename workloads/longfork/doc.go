// Package longfork is the workload of groups of keys, each key written once and
// the group read as a whole, so as to see whether all agree on the order of the
// writes.
//
// Operations, none of which has a Key:
//
//	f    value of invocation                        value of an ok completion
//	txn  []any of one []any{"w", key, int64 1}      anything
//	txn  []any of []any{"r", key, nil}, one for     the same, with the value of each
//	     each key of a group                        read; nil if it was not written yet
//
// Each is to be one transaction; those that only read are to be read-only where
// a system knows such. A client answers fail only if nothing was written and
// nothing will be; a write with an unknown outcome may be done at any later time,
// or never, and is not tried again.
//
// A group has [GroupSize] keys ("f12.0" to "f12.5" are those of group 12), which
// different workers write at the same moment. Most reads of it come in the moment
// after, because the time in which some see one write and others another is short.
// Then comes the next group. Once the faults are healed
// and the nodes have settled, every group is read through every node.
package longfork
