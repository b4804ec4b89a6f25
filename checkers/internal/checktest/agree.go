package checktest

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Subject is a checker that is compared with its definition.
type Subject struct {
	// Histories is how many are drawn, see [Rounds].
	Histories int
	// Random draws a small history.
	Random func(r *rand.Rand) *history.History
	// Possible says by brute force whether a system that keeps its promises can
	// have made a history.
	Possible func(h *history.History) bool
	// Check judges by some of the checker's rules, a bit each.
	Check func(h *history.History, rules uint32) verdict.Report
	// Rules are all rules of the checker.
	Rules uint32
	// Excuses reports whether an operation is in a counterexample only to show
	// that it is no excuse; nil means that none is. Unknown outcomes always are.
	Excuses func(f *verdict.Finding, op *history.Operation) bool
	// Never are verdicts that it does not give to these histories.
	Never []verdict.Verdict
}

// Agree requires that a checker calls exactly the impossible histories invalid,
// that each rule alone finds some of them, that each counterexample is one by
// itself and none of its known operations can be left out.
func Agree(t *testing.T, s Subject) {
	t.Helper()
	needed := uint32(0)
	verdicts := make(map[verdict.Verdict]int)
	all := Rounds(s.Histories)
	for seed := range all {
		h := s.Random(rand.New(rand.NewPCG(uint64(seed), 1)))
		report := s.agrees(t, h, seed)
		verdicts[report.Verdict]++
		if report.Verdict != verdict.Invalid {
			continue
		}
		for rest := s.Rules &^ needed; rest != 0; rest &= rest - 1 {
			rule := uint32(1) << bits.TrailingZeros32(rest)
			if s.Check(h, s.Rules&^rule).Verdict != verdict.Invalid {
				needed |= rule
			}
		}
		if seed%8 == 0 {
			s.requireWitnesses(t, h, report)
		}
	}
	t.Log(all, "histories:", verdicts)
	require.Equal(t, s.Rules, needed, "each rule alone must find some invalid history")
	for _, v := range []verdict.Verdict{verdict.Valid, verdict.Invalid, verdict.Unknown} {
		if !slices.Contains(s.Never, v) {
			require.Greater(t, verdicts[v], all/100, "%v", v)
		}
	}
}

// agrees requires that the verdict on a history is what brute force says.
func (s Subject) agrees(t *testing.T, h *history.History, seed any) verdict.Report {
	t.Helper()
	report := s.Check(h, s.Rules)
	if possible := s.Possible(h); possible == (report.Verdict == verdict.Invalid) {
		t.Fatalf("seed %v: possible: %v, but the verdict is %v: %s\n%s", seed, possible, report.Verdict, report.Cause, Show(h))
	}
	require.False(t, report.Verdict == verdict.Valid && report.Judged == 0, "valid without having judged")
	return report
}

// requireWitnesses requires that the findings of an invalid history stand alone.
func (s Subject) requireWitnesses(t *testing.T, h *history.History, report verdict.Report) {
	t.Helper()
	byCall := make(map[int]*history.Operation)
	ops := h.Operations()
	for i := range ops {
		byCall[ops[i].Call] = &ops[i]
	}
	for _, f := range report.Findings {
		require.NotEmpty(t, f.Summary)
		require.NotEmpty(t, f.Steps)
		require.NotEmpty(t, f.Operations)
		require.True(t, slices.IsSorted(f.Operations))
		if f.Culprit != -1 {
			require.Contains(t, f.Operations, f.Culprit)
		}
		has := func(calls []int, summary string) bool {
			r := s.Check(Keep(h, calls), s.Rules)
			return slices.ContainsFunc(r.Findings, func(other verdict.Finding) bool {
				return other.Anomaly == f.Anomaly && (summary == "" || summary == other.Summary)
			})
		}
		if !has(f.Operations, "") {
			t.Fatalf("%s is none by itself: %s %v\n%s", f.Anomaly, f.Summary, f.Operations, Show(h))
		}
		if s.Possible(Keep(h, f.Operations)) {
			t.Fatalf("the definition allows %s by itself: %s\n%s", f.Anomaly, f.Summary, Show(h))
		}
		for i, call := range f.Operations {
			op := byCall[call]
			if op.Outcome != history.OK || s.Excuses != nil && s.Excuses(&f, op) {
				continue
			}
			if has(slices.Delete(slices.Clone(f.Operations), i, i+1), f.Summary) {
				t.Fatalf("%s does not need the operation at %d: %s %v\n%s", f.Anomaly, call, f.Summary, f.Operations, Show(h))
			}
		}
	}
}
