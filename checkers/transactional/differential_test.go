package transactional

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/columns"
)

// histories is how many random histories a test tries: ten times as many as
// normally if TERTIUM_SOAK is set, or as many as it says.
func histories(normally int) int {
	soak := os.Getenv("TERTIUM_SOAK")
	if n, err := strconv.Atoi(soak); err == nil && n > 1 {
		return n
	}
	if soak != "" {
		return 10 * normally
	}
	return normally
}

var levels = []string{
	"read-committed", "strong-session-read-committed", "strong-read-committed",
	"consistent-view", "parallel-snapshot-isolation",
	"snapshot-isolation", "strong-session-snapshot-isolation", "strong-snapshot-isolation",
	"serializable", "strong-session-serializable", "strict-serializable",
}

// between are levels that the checker judges by others, and so may not decide.
var between = []string{"cursor-stability", "update-serializable", "repeatable-read"}

// disagreement judges a scenario by all levels, and returns in what the checker
// and the twin differ, or "".
func disagreement(s scenario) string {
	view, err := columns.Of(s.history())
	if err != nil {
		return err.Error()
	}
	x, err := parse(s.workload, view, 1+len(s.txns)%3)
	if err != nil {
		return err.Error()
	}
	a, err := analyse(context.Background(), x)
	if err != nil {
		return err.Error()
	}
	if wrong := guarantees(s, a); wrong != "" {
		return wrong
	}
	known := a.standings()
	// Most histories are allowed by the strictest level or not by the weakest,
	// and then the others need no trying.
	s = s.normal()
	all, some := s.allows("strict-serializable"), s.allows("read-committed")
	for _, level := range levels {
		state := known[level]
		if state == unproven && a.chosen > 0 && (level == "consistent-view" || level == "parallel-snapshot-isolation") {
			continue // the search is for snapshots
		}
		if state == unproven {
			return fmt.Sprintf("%s: unknown for lack of %v", level, a.undecided)
		}
		if allowed := all || some && s.allows(level); allowed != (state == holds) {
			return fmt.Sprintf("%s: %v, but the twin says %v: %v", level, state, allowed, a.found.names())
		}
	}
	for _, level := range between {
		state := known[level]
		if state == unproven {
			continue
		}
		if allowed := all || some && s.allows(level); allowed != (state == holds) {
			return fmt.Sprintf("%s: %v, but the twin says %v: %v", level, state, allowed, a.found.names())
		}
	}
	return ""
}

// guarantees compares the guarantees for processes with their definitions, if
// the lists of a scenario are in order.
func guarantees(s scenario, a *analysis) string {
	for _, anomaly := range a.found.names() {
		if slices.Contains([]string{garbageRead, duplicateElements, incompatibleOrder, internal}, anomaly) {
			return ""
		}
	}
	if s.workload != ListAppend {
		return ""
	}
	expected := s.guarantees()
	for _, anomaly := range []string{readYourWrites, monotonicReads, monotonicWrites, writesFollowReads} {
		if found := a.found.counts[anomaly] > 0; found != expected[anomaly] {
			return fmt.Sprintf("%s: %v, but the twin says %v", anomaly, found, expected[anomaly])
		}
	}
	return ""
}

// differ tries random histories on all processors and returns the smallest that
// the checker and the twin disagree on, or "".
func differ(n int, workload Workload, seed uint64) (smallest string) {
	var mutex sync.Mutex
	var group sync.WaitGroup
	disagreements := 0
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(worker)))
			for range n / workers {
				s := draw(r, workload)
				if reason := disagreement(s); reason != "" {
					mutex.Lock()
					disagreements++
					if text := reason + "\n" + s.String(); smallest == "" || len(text) < len(smallest) {
						smallest = text
					}
					enough := disagreements > 20
					mutex.Unlock()
					if enough {
						return
					}
				}
			}
		})
	}
	group.Wait()
	if smallest != "" {
		smallest = "the definition says otherwise: " + smallest
	}
	return smallest
}

func TestListAppendAgainstTwin(t *testing.T) {
	require.Empty(t, differ(histories(42_000), ListAppend, 1))
}

func TestRWRegisterAgainstTwin(t *testing.T) {
	require.Empty(t, differ(histories(60_000), RWRegister, 2))
}
