// Package process has the faults of the processes that nodes are: killed as a
// power switch would, paused as a long garbage collection or a frozen virtual
// machine would, and killed at the very moment that they have acknowledged
// something.
package process
