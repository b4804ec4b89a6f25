package linearizable

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// tally is what was found out about all objects together.
type tally struct {
	// objects is how many there are. judged is how many operations are on those
	// that were decided, and optional how many of these never returned.
	objects, judged, optional int
	// answered says that the outcome of some operation is known, and telling
	// that some operation had an effect or says what it saw.
	answered, telling bool
	// methods counts the objects that each algorithm decided.
	methods            map[string]int
	invalid, undecided []suspect
}

// suspect is an object that was not found to be linearizable.
type suspect struct {
	object
	decision
}

func newTally() *tally { return &tally{methods: map[string]int{}} }

// add takes in the decisions on some objects.
func (t *tally) add(objects []object, results []decision) {
	for i, o := range objects {
		r := results[i]
		t.objects++
		t.answered = t.answered || o.answered
		t.telling = t.telling || o.size > 0
		if r.method != "" {
			t.methods[r.method]++
		}
		if r.verdict == verdict.Unknown {
			t.undecided = append(t.undecided, suspect{o, r})
			continue
		}
		if r.verdict == verdict.Invalid {
			t.invalid = append(t.invalid, suspect{o, r})
		}
		t.judged += o.count
		for _, op := range o.ops {
			if op.Return == Never {
				t.optional++
			}
		}
	}
}

// verdict is that on all objects together. There must be one.
func (t *tally) verdict() verdict.Verdict {
	switch {
	case len(t.invalid) > 0:
		return verdict.Invalid
	case len(t.undecided) > 0:
		return verdict.Unknown
	}
	return verdict.Valid
}

// conclude puts the verdict on all objects together into the report.
func (c *Checker) conclude(ctx context.Context, report *verdict.Report, t *tally, memory int64) {
	switch {
	case t.objects == 0:
		report.Cause = "nothing to judge: the history has none of the operations " + strings.Join(c.model.Functions, ", ")
		return
	case !t.answered:
		report.Cause = "nothing to judge: no operation was answered"
		return
	}
	report.Verdict = t.verdict()
	report.Judged = t.judged
	report.Method = t.method()
	report.Figures = []verdict.Figure{
		{Name: "objects", Value: float64(t.objects)},
		{Name: "operations that may take effect at any time", Value: float64(t.optional), Unit: "ops"},
	}
	switch report.Verdict {
	case verdict.Valid:
		report.Cause = fmt.Sprintf("%s on %s have a legal order", count(t.judged, "operation"), count(t.objects, "object"))
		if !t.telling {
			report.Cause += ", as none had an effect or says what it saw"
		}
	case verdict.Unknown:
		first := slices.MinFunc(t.undecided, func(a, b suspect) int { return strings.Compare(a.key, b.key) })
		report.Cause = fmt.Sprintf("%s of %s could not be decided; the first, %s: %s",
			fmt.Sprint(len(t.undecided)), count(t.objects, "object"), first.title(), first.reason)
	case verdict.Invalid:
		// The smallest is the easiest to understand.
		first := slices.MinFunc(t.invalid, func(a, b suspect) int {
			if a.size != b.size {
				return a.size - b.size
			}
			return strings.Compare(a.key, b.key)
		})
		finding := c.explain(ctx, first, memory)
		report.Findings = []verdict.Finding{finding}
		report.Cause = finding.Summary
		if len(t.invalid) > 1 {
			report.Figures = append(report.Figures, verdict.Figure{Name: "objects without a legal order", Value: float64(len(t.invalid))})
		}
	}
}

// method says how many objects each algorithm decided.
func (t *tally) method() string {
	var names []string
	for name := range t.methods {
		names = append(names, name)
	}
	if len(names) == 1 {
		return names[0]
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%s)", name, count(t.methods[name], "object"))
	}
	return strings.Join(names, "; ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
