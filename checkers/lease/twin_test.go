package lease_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/lease"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// twin compares every two acquisitions by the definition.
func twin(h *history.History, exclusion bool) (bad bool) {
	ops := h.Operations()
	until := func(i int) int {
		last := ops[i].Call
		for _, op := range ops[i+1:] {
			if op.Process != ops[i].Process || op.Key != ops[i].Key {
				continue
			}
			if op.F == "acquire" {
				break
			}
			if op.F == "release" || op.F == "work" {
				last = op.Call
			}
			if op.F == "release" {
				break
			}
		}
		return last
	}
	granted := func(i int) bool { return ops[i].F == "acquire" && ops[i].Outcome == history.OK }
	for i := range ops {
		for j := range ops {
			if i == j || !granted(i) || !granted(j) || ops[i].Key != ops[j].Key {
				continue
			}
			a, b := ops[i].Output.(int64), ops[j].Output.(int64)
			bad = bad || a == b || ops[i].Return < ops[j].Call && a > b
			bad = bad || exclusion && ops[i].Process != ops[j].Process && ops[i].Return < ops[j].Return && ops[j].Return < until(i)
		}
	}
	return bad
}

func TestAgreesWithTheTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []history.Event
		open := map[int]*history.Event{}
		token, next := int64(0), 3
		processes := []int{0, 1, 2}
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			at := rapid.IntRange(0, 2).Draw(t, "worker")
			process := processes[at]
			if begun := open[process]; begun != nil {
				e := *begun
				e.Kind = history.Complete
				e.Outcome = rapid.SampledFrom([]history.Outcome{history.OK, history.OK, history.OK, history.Fail, history.Unknown}).Draw(t, "outcome")
				if e.F == "acquire" && e.Outcome == history.OK {
					token++
					e.Value = max(1, token-rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 0, 0, 1, 2}).Draw(t, "old"))
				}
				if e.Outcome == history.Unknown {
					processes[at], next = next, next+1
				}
				delete(open, process)
				events = append(events, e)
				continue
			}
			e := history.Event{
				Kind: history.Invoke, Process: process, Key: rapid.SampledFrom([]string{"a", "a", "b"}).Draw(t, "key"),
				F: rapid.SampledFrom([]string{"acquire", "acquire", "release", "work", "look"}).Draw(t, "f"),
			}
			open[process] = &e
			events = append(events, e)
		}
		h := history.New(events)
		for _, exclusion := range []bool{false, true} {
			report := lease.Checker{Exclusion: exclusion, Held: works}.Check(context.Background(), h, verdict.Budget{})
			if want := twin(h, exclusion); want != (report.Verdict == verdict.Invalid) {
				t.Fatalf("exclusion %v: the twin says %v, the checker %v: %s", exclusion, want, report.Verdict, report.Cause)
			}
		}
	})
}
