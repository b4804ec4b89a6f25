package results

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// Statistics count operations and measure them. Unknown outcomes are counted
// apart from failures, because they are neither.
type Statistics struct {
	Total Measure `json:"total"`
	// Functions are in order of their name, Phases in order of their beginning.
	Functions []Measure `json:"functions"`
	Phases    []Measure `json:"phases"`
}

// Outcomes count operations.
type Outcomes struct {
	OK      int `json:"ok"`
	Fail    int `json:"fail"`
	Unknown int `json:"unknown"`
}

// Sum is the number of operations of all outcomes.
func (o Outcomes) Sum() int { return o.OK + o.Fail + o.Unknown }

func (o *Outcomes) add(outcome history.Outcome) {
	switch outcome {
	case history.OK:
		o.OK++
	case history.Fail:
		o.Fail++
	default:
		o.Unknown++
	}
}

// Tally counts the operations of one function.
type Tally struct {
	F string `json:"f"`
	Outcomes
}

// Measure counts and times the operations of one function or phase, or of "all".
type Measure struct {
	Name string `json:"name"`
	Outcomes
	// Latency is that of the ok operations. Unknown ones have none: how long
	// their client waited is its timeout, not a latency.
	Latency Quantiles `json:"latency"`
}

// Quantiles are nearest-rank quantiles: each is the latency of an operation
// that was made. They are zero if there was none.
type Quantiles struct {
	P50 time.Duration `json:"p50_ns"`
	P95 time.Duration `json:"p95_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

type tallyMap map[string]*Outcomes

func (m tallyMap) count(f string, outcome history.Outcome) {
	outcomes, ok := m[f]
	if !ok {
		outcomes = new(Outcomes)
		m[f] = outcomes
	}
	outcomes.add(outcome)
}

func (m tallyMap) sorted() []Tally {
	tallies := make([]Tally, 0, len(m))
	for _, f := range slices.Sorted(maps.Keys(m)) {
		tallies = append(tallies, Tally{F: f, Outcomes: *m[f]})
	}
	return tallies
}

// statisticsOf measures all operations.
func statisticsOf(operations []history.Operation) Statistics {
	total, functions, phases := gauges{"all": new(gauge)}, gauges{}, gauges{}
	for _, op := range operations {
		total.count("all", op)
		functions.count(op.F, op)
		phases.count(op.Phase, op)
	}
	var phaseNames []string
	for _, op := range operations {
		if len(phaseNames) == 0 || phaseNames[len(phaseNames)-1] != op.Phase {
			phaseNames = append(phaseNames, op.Phase)
		}
	}
	return Statistics{
		Total:     total.measures([]string{"all"})[0],
		Functions: functions.measures(slices.Sorted(maps.Keys(functions))),
		Phases:    phases.measures(unique(phaseNames)),
	}
}

type gauge struct {
	outcomes  Outcomes
	latencies []time.Duration
}

type gauges map[string]*gauge

func (g gauges) count(name string, op history.Operation) {
	one, ok := g[name]
	if !ok {
		one = new(gauge)
		g[name] = one
	}
	one.outcomes.add(op.Outcome)
	if op.Outcome == history.OK {
		one.latencies = append(one.latencies, op.End-op.Start)
	}
}

func (g gauges) measures(names []string) []Measure {
	measures := make([]Measure, len(names))
	for i, name := range names {
		measures[i] = Measure{Name: name, Outcomes: g[name].outcomes, Latency: quantilesOf(g[name].latencies)}
	}
	return measures
}

// quantilesOf sorts the latencies in place.
func quantilesOf(latencies []time.Duration) Quantiles {
	if len(latencies) == 0 {
		return Quantiles{}
	}
	slices.Sort(latencies)
	at := func(q float64) time.Duration {
		rank := int(math.Ceil(q * float64(len(latencies))))
		return latencies[max(rank, 1)-1]
	}
	return Quantiles{P50: at(0.50), P95: at(0.95), P99: at(0.99), Max: at(1)}
}

// unique keeps the first of each name.
func unique(names []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(names, func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
}
