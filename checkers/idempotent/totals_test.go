package idempotent

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// totalsOf reads totals from operations called "total"; a request weighs what
// its amount says.
var totalsOf = Totals{
	Weight: func(attempt *history.Operation) int64 {
		amount, _ := attempt.Input.(map[string]any)["amount"].(int64)
		return amount
	},
	Read: func(op *history.Operation) (string, int64, bool) {
		total, ok := op.Output.(int64)
		return op.Key, total, ok && op.F == "total"
	},
}

// withTotals returns a dense history whose keys weigh 1, 3 and 9, with totals in
// place of entries.
func withTotals(r *rand.Rand) *history.History {
	h := dense(r)
	weights := map[string]int64{"k0": 1, "k1": 3, "k2": 9}
	for i := range h.Events {
		e := &h.Events[i]
		if e.F == "entries" {
			e.F = "total"
		}
		switch value := e.Value.(type) {
		case []any:
			total := int64(0)
			for _, entry := range value {
				total += weights[entry.(map[string]any)["key"].(string)]
			}
			e.Value = total
		case map[string]any:
			if e.Kind != history.Nemesis {
				// The reply to k1 is about an amount that is not its own, now and
				// then: as before.
				value["amount"] = weights["k0"]
			}
		}
	}
	// Operations know their key only by their invocation.
	amounts := map[int]int64{}
	for i := range h.Events {
		e := &h.Events[i]
		value, isMap := e.Value.(map[string]any)
		switch {
		case e.Kind == history.Invoke && e.Idem != "":
			amounts[e.Process] = weights[e.Idem[strings.LastIndexByte(e.Idem, '/')+1:]]
			value["amount"] = amounts[e.Process]
		case e.Kind == history.Complete && isMap:
			value["amount"] = amounts[e.Process]
			delete(value, "id")
		}
	}
	return h
}

// explainable reports whether the totals of a history can be those of entries
// with which a service that keeps its promises is possible: all are tried.
func explainable(h *history.History, from int) bool {
	for i := from; i < len(h.Events); i++ {
		e := &h.Events[i]
		total, isTotal := e.Value.(int64)
		if !isTotal {
			continue
		}
		for choice := range 8 {
			sum, entries := int64(0), []any{}
			for k, key := range []string{"k0", "k1", "k2"} {
				if choice&(1<<k) != 0 {
					weight := []int64{1, 3, 9}[k]
					sum += weight
					entries = append(entries, map[string]any{"operation": "deposit", "key": key, "account": "a", "amount": weight})
				}
			}
			if sum != total {
				continue
			}
			e.Value = entries
			possible := explainable(h, i+1)
			e.Value = total
			if possible {
				return true
			}
		}
		return false
	}
	for i := range h.Events {
		if h.Events[i].F == "total" {
			h.Events[i].F = "entries"
			defer func() { h.Events[i].F = "total" }()
		}
	}
	return newTwin(h, false).possible()
}

func TestAgreesWithTheTwinOnTotals(t *testing.T) {
	t.Parallel()
	verdicts := make(map[verdict.Verdict]int)
	needed := false
	for seed := range checktest.Rounds(10_000) {
		h := withTotals(rand.New(rand.NewPCG(uint64(seed), 6)))
		report := check(h, ReadTotals(totalsOf))
		verdicts[report.Verdict]++
		if possible := explainable(h, 0); possible == (report.Verdict == verdict.Invalid) {
			t.Fatalf("seed %d: a service that keeps its promises is possible: %v, but the verdict is %v: %s\n%s",
				seed, possible, report.Verdict, report.Cause, checktest.Show(h))
		}
		if report.Verdict == verdict.Invalid && checkBy(h, allRules&^ruleTotals, ReadTotals(totalsOf)).Verdict != verdict.Invalid {
			needed = true
		}
	}
	t.Log(verdicts)
	require.True(t, needed, "some total must be wrong by itself")
	for _, v := range []verdict.Verdict{verdict.Valid, verdict.Invalid, verdict.Unknown} {
		require.Greater(t, verdicts[v], 500)
	}
}

// totalHistory is one of requests that were acknowledged or not, and the total
// that was read back at last.
func totalHistory(total int64, acked, ambiguous []int64) *history.History {
	var events []history.Event
	process := 0
	request := func(weight int64, outcome history.Outcome) {
		input := map[string]any{"tenant": "t1", "account": "a", "amount": weight}
		output := map[string]any{"account": "a", "amount": weight}
		events = append(events,
			history.Event{Kind: history.Invoke, Process: process, F: "deposit", Idem: "t1/deposit/k" + string(rune('a'+process)), Value: input},
			history.Event{Kind: history.Complete, Process: process, F: "deposit", Outcome: outcome, Value: output})
		process++
	}
	for _, weight := range acked {
		request(weight, history.OK)
	}
	for _, weight := range ambiguous {
		request(weight, history.Unknown)
	}
	events = append(events,
		history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"},
		history.Event{Kind: history.Invoke, Process: process, F: "total", Key: "t1"},
		history.Event{Kind: history.Complete, Process: process, F: "total", Outcome: history.OK, Value: total})
	return history.New(events)
}

func TestTotals(t *testing.T) {
	tests := []struct {
		name             string
		total            int64
		acked, ambiguous []int64
		want             verdict.Verdict
		says             string
	}{
		{"all that was acknowledged", 4, []int64{1, 3}, nil, verdict.Valid, ""},
		{"and one that was not", 13, []int64{1, 3}, []int64{9, 27}, verdict.Valid, ""},
		{"one is missing", 1, []int64{1, 3}, nil, verdict.Invalid, "t1/deposit/kb 0 times"},
		{"one was done twice", 7, []int64{1, 3}, nil, verdict.Invalid, "t1/deposit/kb 2 times"},
		{"an ambiguous one was done twice", 21, []int64{1}, []int64{9, 3}, verdict.Invalid, ""},
		{"acknowledged weights may be any", 10, []int64{5, 5}, []int64{1, 2}, verdict.Valid, ""},
		{"weights that say nothing", 12, []int64{5, 5}, []int64{2, 2}, verdict.Unknown, "does not weigh more than all lighter keys"},
		{"no weight", 5, []int64{5}, []int64{0}, verdict.Unknown, "above zero"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report := check(totalHistory(test.total, test.acked, test.ambiguous), ReadTotals(totalsOf))
			require.Equal(t, test.want, report.Verdict, report.Cause)
			said := report.Cause
			for _, f := range report.Findings {
				require.Equal(t, "wrong-total", f.Anomaly)
				said += strings.Join(f.Steps, "\n")
			}
			require.Contains(t, said, test.says)
		})
	}
}

func TestTotalsDoNotGoWithExpiry(t *testing.T) {
	h := totalHistory(4, []int64{1, 3}, nil)
	report := New(ReadTotals(totalsOf), Expiry(1)).Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "where keys expire")
}
