// Package register is the workload of many independent registers, each read,
// written and compared-and-set by several workers.
//
// Operations, all with the register as their Key:
//
//	f      value of invocation   value of an ok completion
//	read   nil                   the value, an int64, or nil if never written
//	write  int64, unique         nil
//	cas    []any{old, new}       nil
//
// A cas whose expectation was not met completes as fail with Error "mismatch"
// and, as its Value, what it saw (an int64): it is then as good as a read. The
// new value of every write and cas is unique in the run.
//
// So many registers are in use at a time as the config has keys: "r0", "r1" and
// so on. After some 200 operations a fresh one takes the place of each ("r7",
// then "r7.1"), at the same time for all workers. A register that has gathered
// more unknown outcomes than the config's budget is left before that, for its
// successor ("r7.1~1").
package register
