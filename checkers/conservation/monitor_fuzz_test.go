package conservation

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

var monitored = checktest.Monitored[*Monitor]{
	New:       func(testing.TB) *Monitor { return NewMonitor(verdict.Budget{}) },
	Undecided: func(m *Monitor) bool { return m.gaveUp != nil || m.misread != nil },
	Check:     func(h *history.History) verdict.Report { return check(h) },
}

func FuzzMonitor(f *testing.F) { monitored.Fuzz(f) }

func TestMonitorOfHostileHistories(t *testing.T) { monitored.Hostile(t, 5_000) }
