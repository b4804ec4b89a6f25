// Package counter is the workload of many independent counters, each counted up
// by one and read by several workers.
//
// Operations, all with the counter as their Key:
//
//	f          value of invocation   value of an ok completion
//	increment  nil, for 1            anything
//	read       nil                   the sum, an int64; 0 if never counted
//
// An increment with an unknown outcome may count at any later time, or never; it
// is not tried again.
//
// So many counters are in use at a time as the config has keys: "c0", "c1" and
// so on. After some 200 operations a fresh one takes the place of each ("c7",
// then "c7.1"), at the same time for all workers. A counter whose increments
// have gathered more unknown outcomes than the config's budget is left before
// that, for its successor ("c7.1~1"): each of them may hide an increment that
// was lost.
//
// Once the faults are healed and the nodes have settled, every counter of the
// plan is read through every node, and so is what took its place.
package counter
