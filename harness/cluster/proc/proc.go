// Package proc says what the operating system knows of its processes. Only
// Linux tells enough; elsewhere everything fails with [errors.ErrUnsupported].
package proc

// Process is what was seen of a process at one moment.
type Process struct {
	// PID is its number and Group that of its process group.
	PID, Group int
	// State is the letter that ps shows: R runs, S sleeps, T is stopped, Z is a
	// zombie.
	State byte
	// Start is when it started, in clock ticks since the boot. Number and start
	// together name a process, within one boot.
	Start string
}

// Dead says that it runs no more, even if nobody has asked for its exit code.
func (p Process) Dead() bool { return p.State == 'Z' || p.State == 'X' }

// Stopped says that it was stopped by a signal.
func (p Process) Stopped() bool { return p.State == 'T' }
