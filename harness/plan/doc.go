// Package plan expands a seed and a config into the schedule of operations and
// faults that they stand for.
//
// The expansion is pure: equal seeds and configs give byte-identical plans on
// every operating system and architecture, whatever GOMAXPROCS is. So nothing
// here reads a clock or a global random source, computes in floating point, or
// depends on the order of a map or the size of an int.
//
// Every purpose has random streams of its own ([NewStream]), derived by hashing
// and never shared. Taking an operation or a fault out of a plan ([Without])
// therefore changes nothing else in it, which is what lets [Shrink] find the
// few that matter.
//
// Workloads describe their operations by a [Generator], put together from
// combinators: [Mix], [Phases], [Reserve], [ConcurrentKeys], [Stagger] and
// others. [Expand] makes the plan, [Encode] writes it as JSON Lines, and [Hash]
// names it.
package plan
