package harness

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// Progress is how far a run has come. It may be read while the run goes on; its
// zero value is ready.
type Progress struct {
	outcomes [3]atomic.Int64

	mu      sync.Mutex
	phase   string
	began   time.Time
	planned time.Duration
	active  []string
	// violations are those that monitors saw, in the order in which they did.
	violations []Violation
}

// Snapshot is a progress at one moment.
type Snapshot struct {
	Phase             string
	OK, Fail, Unknown int64
	// Active are the kinds of the faults in place.
	Active []string
	// Left is the planned time until the end of the phase; zero if the phase
	// ends when it is done.
	Left time.Duration
}

// Snapshot returns the progress now.
func (p *Progress) Snapshot() Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := max(0, p.planned-time.Since(p.began))
	return Snapshot{
		Phase:   p.phase,
		OK:      p.outcomes[history.OK].Load(),
		Fail:    p.outcomes[history.Fail].Load(),
		Unknown: p.outcomes[history.Unknown].Load(),
		Active:  slices.Clone(p.active),
		Left:    left.Round(time.Second),
	}
}

func (p *Progress) enter(phase string, planned time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.began, p.planned = phase, time.Now(), planned
}

func (p *Progress) count(o history.Outcome) { p.outcomes[o].Add(1) }

func (p *Progress) injected(kind string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active = append(p.active, kind)
}

func (p *Progress) healed(kind string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.active, kind); i >= 0 {
		p.active = slices.Delete(p.active, i, i+1)
	}
}

func (p *Progress) violate(v Violation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.violations = append(p.violations, v)
}

// Violations returns what monitors have seen until now, one violation each at
// most, in the order in which they saw them.
func (p *Progress) Violations() []Violation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.violations)
}
