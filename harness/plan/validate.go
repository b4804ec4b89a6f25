package plan

import (
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// Bounds on a plan, far above what a run can do. They turn a slip, such as a
// time in the wrong unit, into an error instead of a machine without memory.
const (
	maxWorkers = 10_000
	maxRate    = 10_000_000
	maxTime    = 30 * 24 * time.Hour
	maxOps     = 1 << 24
	// maxBurst is how many operations in a row one worker may have without any
	// time between them.
	maxBurst = 1 << 17
)

// Validate returns an error for each setting that no plan can be made for,
// joined, and says what to set instead. Names of systems, workloads and bugs
// are for others to judge.
func (c Config) Validate() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	between := func(what string, n, lo, hi int) {
		if n < lo || n > hi {
			complain("%s is %d: set it between %d and %d", what, n, lo, hi)
		}
	}
	lasting := func(what string, d, lo time.Duration) {
		if d < lo || d > maxTime {
			complain("%s is %v: set it between %v and %v", what, d, lo, maxTime)
		}
	}
	between("workers", c.Workers, 1, maxWorkers)
	between("rate", c.Rate, 1, maxRate)
	between("keys", c.Keys, 1, maxRate)
	between("ambiguity budget", c.AmbiguityBudget, 1, maxRate)
	lasting("time", c.Time, time.Millisecond)
	lasting("timeout", c.Timeout, time.Millisecond)
	lasting("warm-up", c.WarmUp, 0)
	lasting("settle", c.Settle, 0)
	if len(c.Nodes) == 0 {
		complain("there are no nodes: name at least one")
	}
	for _, list := range []struct {
		what  string
		names []string
	}{{"node", c.Nodes}, {"bug", c.Bugs}, {"fault", c.Faults}} {
		seen := map[string]bool{}
		for _, name := range list.names {
			if name == "" {
				complain("a %s has no name: leave it out or name it", list.what)
			} else if seen[name] {
				complain("%s %s is named twice: name it once", list.what, name)
			}
			seen[name] = true
		}
	}
	if len(errs) == 0 {
		over, ops := bits.Mul64(uint64(c.Rate), uint64((c.WarmUp+c.Time+c.Settle)/time.Second))
		if over > 0 || ops > maxOps {
			complain("a rate of %d/s for %v is more than %d operations: lower the rate or the time", c.Rate, c.WarmUp+c.Time+c.Settle, maxOps)
		}
	}
	return errors.Join(errs...)
}
