package harness

import "time"

// limits bound what a run waits for. They are generous: reaching one is
// trouble, and reported.
type limits struct {
	// start bounds the start of all nodes, until they serve.
	start time.Duration
	// settle bounds how long nodes may take to catch up with each other.
	settle time.Duration
	// overtime is how long the main phases may go on past their planned end
	// for faults that are late.
	overtime time.Duration
	// hang is how much longer than its timeout a client may take before its
	// worker is given up.
	hang time.Duration
	// patience is how long a fault stays in place past its planned end when it
	// has not yet taken effect, because a fault that never bit proves nothing.
	patience time.Duration
	// heal bounds the healing of one fault.
	heal time.Duration
	// watch is how long monitors may take, after the end of the run, for what
	// they are behind.
	watch time.Duration
}

func defaultLimits() limits {
	return limits{
		start:    3 * time.Minute,
		settle:   90 * time.Second,
		overtime: 15 * time.Second,
		hang:     30 * time.Second,
		patience: 5 * time.Second,
		heal:     time.Minute,
		watch:    60 * time.Second,
	}
}
