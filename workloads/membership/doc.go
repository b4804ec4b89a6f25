// Package membership is the workload of many independent sets, into which
// elements are put, from which they are taken, and in which they are looked for,
// one at a time.
//
// Operations, all with the set as their Key and the element, an int64, as their
// value:
//
//	f         value of an ok completion
//	add       true if the element was not in, false if it was
//	remove    true if the element was in, false if it was not
//	contains  true or false
//
// An element comes and goes many times. An add or remove with an unknown outcome
// may take effect at any later time, or never; it is not tried again.
//
// So many sets are in use at a time as the config has keys: "m0", "m1" and so
// on, of eight elements each. After some 200 operations a fresh one takes the
// place of each ("m7", then "m7.1"), at the same time for all workers. Once the
// faults are healed and the nodes have settled, every element is looked for
// through every node.
package membership
