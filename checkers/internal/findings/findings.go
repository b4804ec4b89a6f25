// Package findings gathers the counterexamples that a checker finds.
package findings

import (
	"cmp"
	"slices"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// perAnomaly is how many findings of one anomaly are worked out. A broken
// service has thousands, all alike.
const perAnomaly = 3

// Set holds counterexamples. Make one with [New].
type Set struct {
	anomalies []string
	counts    map[string]int
	list      []verdict.Finding
}

// New returns an empty set for counterexamples of these anomalies, the most
// telling first.
func New(anomalies ...string) *Set {
	return &Set{anomalies: anomalies, counts: make(map[string]int)}
}

// Add counts a counterexample, and asks for its description if there are not
// yet enough like it.
func (s *Set) Add(anomaly string, describe func() verdict.Finding) {
	s.counts[anomaly]++
	if s.counts[anomaly] > perAnomaly {
		return
	}
	finding := describe()
	finding.Anomaly = anomaly
	s.list = append(s.list, finding)
}

// Any reports whether there is a counterexample.
func (s *Set) Any() bool { return len(s.list) > 0 }

// Sorted returns those that were worked out, the most telling first, and those
// of one anomaly in the order in which they were added.
func (s *Set) Sorted() []verdict.Finding {
	sorted := slices.Clone(s.list)
	slices.SortStableFunc(sorted, func(a, b verdict.Finding) int {
		return cmp.Compare(slices.Index(s.anomalies, a.Anomaly), slices.Index(s.anomalies, b.Anomaly))
	})
	return sorted
}

// Figures are how many counterexamples there are of each anomaly.
func (s *Set) Figures() []verdict.Figure {
	var figures []verdict.Figure
	for _, anomaly := range s.anomalies {
		if n := s.counts[anomaly]; n > 0 {
			figures = append(figures, verdict.Figure{Name: anomaly, Value: float64(n)})
		}
	}
	return figures
}
