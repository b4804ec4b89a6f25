package history

import (
	"sync/atomic"
	"time"
)

// Clock is the one clock of a run. The order of its stamps is the order of the
// history: an invocation is stamped before the first byte of its request
// leaves, a completion after the last byte of its reply came.
type Clock struct {
	now  func() time.Duration
	last atomic.Int64
}

// NewClock returns a clock that reads the time since the start of the run from
// now, which must be safe for concurrent use and should never go back. With
// nil, the run starts here and the time is that of the operating system's
// monotonic clock.
func NewClock(now func() time.Duration) *Clock {
	if now == nil {
		start := time.Now()
		now = func() time.Duration { return time.Since(start) }
	}
	return &Clock{now: now}
}

// Now is the time since the start of the run. It is no stamp: it may repeat.
func (c *Clock) Now() time.Duration { return c.now() }

// Stamp returns the time since the start of the run, or one nanosecond more
// than the latest stamp if that is not past it. So no two stamps are equal, and
// a call that begins after another returned gets the greater stamp.
func (c *Clock) Stamp() time.Duration {
	for {
		last := c.last.Load()
		stamp := max(int64(c.now()), last+1)
		if c.last.CompareAndSwap(last, stamp) {
			return time.Duration(stamp)
		}
	}
}
