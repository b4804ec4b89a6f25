// Package set is the workload of many independent sets, which only grow and are
// read as a whole.
//
// Operations, all with the set as their Key:
//
//	f     value of invocation   value of an ok completion
//	add   int64, unique         true, or nil
//	read  nil                   []any, all elements in any order
//
// An element is added once in the run. A client that is told whether the element
// was new answers true or false; one that is not answers nil. An add with an
// unknown outcome may put its element in at any later time, or never; it is not
// tried again.
//
// So many sets are in use at a time as the config has keys: "s0", "s1" and so
// on. After some 100 operations a fresh one takes the place of each ("s7", then
// "s7.1"), at the same time for all workers. Once the faults are healed and the
// nodes have settled, every set is read through every node.
package set
