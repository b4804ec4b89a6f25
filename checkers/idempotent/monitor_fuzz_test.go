package idempotent

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

var monitored = checktest.Monitored[*Monitor]{
	New:       func(t testing.TB) *Monitor { return newMonitor(t) },
	Undecided: func(m *Monitor) bool { return m.gaveUp != nil || m.unreadable != nil },
	Check:     func(h *history.History) verdict.Report { return check(h) },
}

func FuzzMonitor(f *testing.F) { monitored.Fuzz(f) }

func TestMonitorOfHostileHistories(t *testing.T) { monitored.Hostile(t, 5_000) }
