package stats

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// counter gathers what a summary is made of.
type counter struct {
	elapsed time.Duration
	// phases begin with a nameless one, for what comes before the first.
	phases []Phase
	// cells hold the operations of each function, by name, in each phase.
	cells  []map[string]*cell
	errors map[Error]int
}

// cell holds the operations of one function in one phase.
type cell struct {
	ok, fail, unknown int
	latency, waited   []time.Duration
}

func newCounter(h *history.History) *counter {
	c := &counter{errors: make(map[Error]int), phases: []Phase{{}}}
	for i := range h.Events {
		e := &h.Events[i]
		c.elapsed = max(c.elapsed, e.Time)
		if e.Kind == history.Phase {
			c.phases[len(c.phases)-1].To = e.Time
			c.phases = append(c.phases, Phase{Name: e.F, From: e.Time})
		}
	}
	c.phases[len(c.phases)-1].To = c.elapsed
	c.cells = make([]map[string]*cell, len(c.phases))
	for i := range c.cells {
		c.cells[i] = make(map[string]*cell)
	}
	return c
}

// phase returns the number of the phase that a moment lies in.
func (c *counter) phase(start time.Duration) int {
	after, _ := slices.BinarySearchFunc(c.phases, start, func(p Phase, t time.Duration) int {
		if p.From <= t {
			return -1
		}
		return 1
	})
	return max(0, after-1)
}

func (c *counter) add(op *history.Operation) {
	phase := c.cells[c.phase(op.Start)]
	at := phase[op.F]
	if at == nil {
		at = &cell{}
		phase[op.F] = at
	}
	switch op.Outcome {
	case history.OK:
		at.ok++
		at.latency = append(at.latency, op.End-op.Start)
		return
	case history.Fail:
		at.fail++
	default:
		at.unknown++
		at.waited = append(at.waited, op.End-op.Start)
	}
	code, _, _ := strings.Cut(op.Error, ":")
	c.errors[Error{F: op.F, Outcome: op.Outcome.String(), Code: code}]++
}

func (c *counter) summary() Summary {
	s := Summary{Elapsed: c.elapsed, Functions: []Row{}, Phases: []Phase{}, Errors: []Error{}}
	var all []*cell
	functions := make(map[string][]*cell)
	for i, phase := range c.phases {
		if phase.Name == "" && len(c.cells[i]) == 0 {
			continue
		}
		var inPhase []*cell
		phase.Functions = []Row{}
		for _, f := range slices.Sorted(maps.Keys(c.cells[i])) {
			at := c.cells[i][f]
			slices.Sort(at.latency)
			slices.Sort(at.waited)
			inPhase = append(inPhase, at)
			functions[f] = append(functions[f], at)
			phase.Functions = append(phase.Functions, row(f, phase.To-phase.From, at))
		}
		phase.Total = row("", phase.To-phase.From, inPhase...)
		all = append(all, inPhase...)
		s.Phases = append(s.Phases, phase)
	}
	for _, f := range slices.Sorted(maps.Keys(functions)) {
		s.Functions = append(s.Functions, row(f, c.elapsed, functions[f]...))
	}
	s.Total = row("", c.elapsed, all...)
	for e, count := range c.errors {
		e.Count = count
		s.Errors = append(s.Errors, e)
	}
	slices.SortFunc(s.Errors, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.F, b.F), cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Code, b.Code))
	})
	return s
}

// row adds up cells whose durations are sorted.
func row(f string, span time.Duration, cells ...*cell) Row {
	row := Row{F: f}
	latency, waited := make(sample, len(cells)), make(sample, len(cells))
	for i, c := range cells {
		row.OK += c.ok
		row.Fail += c.fail
		row.Unknown += c.unknown
		latency[i], waited[i] = c.latency, c.waited
	}
	row.Latency, row.Waited = latency.quantiles(), waited.quantiles()
	if count := row.Count(); count > 0 {
		row.UnknownRatio = float64(row.Unknown) / float64(count)
	}
	if span > 0 {
		row.Rate = float64(row.OK+row.Fail) / span.Seconds()
	}
	return row
}
