package linearizable

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// queueForPorcupine is a queue as its users would write it, with states that ==
// cannot compare.
func queueForPorcupine(hash func(any) uint64) Model {
	equal := func(a, b any) bool {
		x, y := a.([]any), b.([]any)
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	}
	type answer struct {
		value   any
		unknown bool
	}
	return FromPorcupine("queue", []string{"enqueue", "dequeue"}, porcupine.Model{
		Init:  func() any { return []any{} },
		Equal: equal,
		Hash:  hash,
		Step: func(state, input, output any) (bool, any) {
			held, in, out := state.([]any), input.([]any), output.(answer)
			switch {
			case len(in) == 1: // enqueue
				return true, append(held[:len(held):len(held)], in[0])
			case len(held) == 0:
				return out.unknown || out.value == nil, held
			case out.unknown || out.value == held[0]:
				return true, held[1:]
			}
			return false, nil
		},
	}, func(op *history.Operation) (input, output any, tells bool, err error) {
		in := []any{}
		if op.F == "enqueue" {
			in = append(in, op.Input)
		}
		return in, answer{op.Output, op.Outcome == history.Unknown}, op.Outcome != history.Fail, nil
	})
}

// TestAdaptedModelsAgree compares a porcupine model with our own.
func TestAdaptedModelsAgree(t *testing.T) {
	own := named(t, "queue", Options{})
	hashes := map[string]func(any) uint64{
		"without a hash": nil,
		"with a hash":    func(state any) uint64 { return uint64(len(state.([]any))) },
	}
	for name, hash := range hashes {
		t.Run(name, func(t *testing.T) {
			s := scenario{name: name, model: own, draw: drawEnds("enqueue", "dequeue", drawAny)}
			adapted := queueForPorcupine(hash)
			r := rand.New(rand.NewPCG(seedOf(name), 5))
			seen := map[verdict.Verdict]int{}
			for range soakUpTo(t, 2000, 1_000_000) {
				ops := s.random(t, r)
				again := make([]Op, len(ops))
				for i, op := range ops {
					step, err := adapted.Parse(op.Operation)
					require.NoError(t, err)
					again[i] = Op{op.Operation, step}
				}
				want := verdict.Invalid
				if linearizable(&own, ops) {
					want = verdict.Valid
				}
				seen[want]++
				for _, engine := range []Engine{Automatic, Porcupine} {
					got := New(adapted, With(engine)).decider(0).decide(context.Background(), again)
					if got.verdict != want {
						t.Fatalf("%s says %s, the definition says %s:%s", got.method, got.verdict, want, describe(&own, ops))
					}
				}
			}
			require.Greater(t, seen[verdict.Valid], 100)
			require.Greater(t, seen[verdict.Invalid], 100)
		})
	}
}

// TestPartitionsOfPorcupine judges part by part, unless operations get lost.
func TestPartitionsOfPorcupine(t *testing.T) {
	byKey := func(history []porcupine.Operation) [][]porcupine.Operation {
		var a, b []porcupine.Operation
		for _, op := range history {
			if strings.HasPrefix(op.Input.(string), "a") {
				a = append(a, op)
			} else {
				b = append(b, op)
			}
		}
		return [][]porcupine.Operation{a, b}
	}
	for objects, partition := range map[int]func([]porcupine.Operation) [][]porcupine.Operation{
		2: byKey,
		1: func(history []porcupine.Operation) [][]porcupine.Operation { return byKey(history)[:1] },
	} {
		m := FromPorcupine("ones", []string{"see"}, porcupine.Model{
			Partition: partition,
			Init:      func() any { return 0 },
			Step:      func(state, _, output any) (bool, any) { return state == output, 1 },
		}, func(op *history.Operation) (input, output any, tells bool, err error) {
			return op.Input, int(op.Output.(int64)), true, nil
		})
		var events []history.Event
		for i, name := range []string{"a", "b"} {
			events = append(events,
				history.Event{Kind: history.Invoke, Process: i, F: "see", Value: name},
				history.Event{Kind: history.Complete, Process: i, F: "see", Outcome: history.OK, Value: int64(0)})
		}
		report := New(m).Check(context.Background(), history.New(events), verdict.Budget{})
		want := verdict.Valid // each part sees 0 first
		if objects == 1 {
			want = verdict.Invalid
		}
		require.Equal(t, want, report.Verdict, report.Cause)
	}
}

// TestModelsThatPanic are judged unknown, and say why.
func TestModelsThatPanic(t *testing.T) {
	events := []history.Event{
		{Kind: history.Invoke, Process: 1, F: "see", Value: int64(1)},
		{Kind: history.Complete, Process: 1, F: "see", Outcome: history.OK, Value: int64(1)},
		{Kind: history.Invoke, Process: 1, F: "see", Value: int64(2)},
		{Kind: history.Invoke, Process: 2, F: "see", Value: int64(3)},
		{Kind: history.Complete, Process: 2, F: "see", Outcome: history.OK, Value: int64(9)},
		{Kind: history.Complete, Process: 1, F: "see", Outcome: history.OK, Value: int64(9)},
	}
	sound := porcupine.Model{
		Init:  func() any { return 0 },
		Step:  func(state, input, output any) (bool, any) { return input == output, input },
		Equal: func(a, b any) bool { return a == b },
	}
	convert := func(op *history.Operation) (input, output any, tells bool, err error) {
		return op.Input, op.Output, true, nil
	}
	judge := func(m Model, engine Engine) verdict.Report {
		return New(m, With(engine)).Check(context.Background(), history.New(events), verdict.Budget{})
	}
	for _, engine := range []Engine{Automatic, Search, Porcupine} {
		require.Equal(t, verdict.Invalid, judge(FromPorcupine("m", []string{"see"}, sound, convert), engine).Verdict)
	}
	for name, spoil := range map[string]func(*porcupine.Model){
		"Init": func(m *porcupine.Model) { m.Init = func() any { panic("lost") } },
		"Step": func(m *porcupine.Model) { m.Step = func(_, _, _ any) (bool, any) { panic("lost") } },
		"Step, later on": func(m *porcupine.Model) {
			m.Step = func(s, in, _ any) (bool, any) { return s == 0, map[any]int{}[in] / s.(int) }
		},
		"Equal": func(m *porcupine.Model) {
			m.Equal = func(_, _ any) bool { panic("lost") }
			m.Step = func(_, in, out any) (bool, any) { return in == out || in != out, in }
		},
		"Hash": func(m *porcupine.Model) {
			m.Hash = func(any) uint64 { panic("lost") }
		},
		"states that nobody can compare": func(m *porcupine.Model) {
			m.Equal = nil
			m.Step = func(_, _, _ any) (bool, any) { return true, []int{1} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := sound
			spoil(&m)
			engines := []Engine{Automatic, Search, Porcupine}
			if name == "Equal" {
				engines = engines[:2] // porcupine finds an order before it compares states
			}
			for _, engine := range engines {
				report := judge(FromPorcupine("m", []string{"see"}, m, convert), engine)
				require.Equal(t, verdict.Unknown, report.Verdict, report.Cause)
				require.Contains(t, report.Cause, "the model m panicked")
			}
		})
	}
	t.Run("words and parts", func(t *testing.T) {
		m := sound
		m.DescribeOperation = func(_, _ any) string { panic("lost") }
		m.Partition = func([]porcupine.Operation) [][]porcupine.Operation { panic("lost") }
		require.Equal(t, verdict.Invalid, judge(FromPorcupine("m", []string{"see"}, m, convert), Automatic).Verdict)
	})
	t.Run("objects", func(t *testing.T) {
		m := FromPorcupine("m", []string{"see"}, sound, convert)
		m.Object = func(*history.Operation) (string, error) { panic("lost") }
		report := judge(m, Automatic)
		require.Equal(t, verdict.Unknown, report.Verdict)
		require.Contains(t, report.Cause, "panicked")
	})
}
