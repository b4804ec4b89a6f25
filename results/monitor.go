package results

import (
	"fmt"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Monitor is what one monitor saw while the run went on. It decides nothing: the
// checker of the same name judges the whole history.
type Monitor struct {
	// Checker is the name of the property.
	Checker string `json:"checker"`
	// Operations is how many completed operations it was shown.
	Operations int             `json:"operations"`
	Verdict    verdict.Verdict `json:"verdict"`
	Cause      string          `json:"cause"`
	// Violation is the first that it saw; nil without one.
	Violation *Violation `json:"violation,omitempty"`
}

// Violation is when a monitor saw the first violation, and why it was one.
type Violation struct {
	// Event is the index of the event that completed it, Time its stamp, and After
	// the number of operations that had completed by then.
	Event int           `json:"event"`
	Time  time.Duration `json:"time_ns"`
	After int           `json:"after"`
	Cause string        `json:"cause"`
}

// normalMonitors returns what monitors saw as it is once it was written and read
// again.
func normalMonitors(monitors []Monitor) []Monitor {
	var normal []Monitor
	for _, m := range monitors {
		m.Checker, m.Cause = strings.ToValidUTF8(m.Checker, "\ufffd"), strings.ToValidUTF8(m.Cause, "\ufffd")
		if v := m.Violation; v != nil {
			cause := strings.ToValidUTF8(v.Cause, "\ufffd")
			m.Violation = &Violation{v.Event, v.Time, v.After, cause}
		}
		normal = append(normal, m)
	}
	return normal
}

// unconfirmed are the violations that monitors saw and checkers do not confirm. If
// a checker denies one, either is wrong, so that neither may be believed.
func unconfirmed(r Result) []string {
	var doubts []string
	for _, m := range r.Monitors {
		cause := m.Cause
		switch {
		case m.Violation != nil:
			cause = m.Violation.Cause
		case m.Verdict != verdict.Invalid:
			continue
		}
		said := verdict.Valid
		for _, report := range r.Reports {
			if report.Checker == m.Checker {
				said = report.Verdict
			}
		}
		switch said {
		case verdict.Unknown:
			doubts = append(doubts, fmt.Sprintf("the monitor of %s saw a violation, and its checker came to no verdict: %s", m.Checker, cause))
		case verdict.Valid:
			doubts = append(doubts, fmt.Sprintf(
				"the monitor of %s saw a violation that its checker does not confirm, which is a bug of Tertium: %s", m.Checker, cause))
		}
	}
	return doubts
}
