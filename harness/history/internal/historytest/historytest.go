// Package historytest makes histories for tests.
package historytest

import (
	"math"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
)

// Typical returns the two events of the i-th operation of a register workload.
func Typical(i, clients int) [2]history.Event {
	call := history.Event{
		Kind: history.Invoke, Process: i % clients, F: "write", Key: "k" + strconv.Itoa(i%100), Value: int64(i),
		Node: "n" + strconv.Itoa(i%3), Ref: "w" + strconv.Itoa(i%clients) + "." + strconv.Itoa(i/clients),
	}
	reply := call
	reply.Kind, reply.Outcome, reply.Value = history.Complete, history.OK, nil
	return [2]history.Event{call, reply}
}

// AnyValue draws values that a history can hold.
func AnyValue() *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Float64().AsAny(),
		rapid.String().AsAny(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) any { return string(b) }),
		rapid.SampledFrom([]any{int64(math.MinInt64), int64(math.MaxInt64), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e21, 1e20, -0.5, 3.0}),
	)
	var nested func(depth int) *rapid.Generator[any]
	nested = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return scalar
		}
		inner := nested(depth - 1)
		return rapid.OneOf(
			scalar,
			rapid.Map(rapid.SliceOfN(inner, 0, 3), func(v []any) any { return v }),
			rapid.Map(rapid.MapOfN(rapid.String(), inner, 0, 3), func(v map[string]any) any { return v }),
		)
	}
	return nested(3)
}

// AnyHistory draws histories that Validate accepts.
func AnyHistory() *rapid.Generator[*history.History] {
	return rapid.Custom(func(t *rapid.T) *history.History {
		text := rapid.OneOf(rapid.SampledFrom([]string{"", "read", "t1/a3", "k"}), rapid.String())
		var events []history.Event
		next, idle, open := 0, []int{}, []history.Event{}
		for range rapid.IntRange(0, 20).Draw(t, "events") {
			e := history.Event{
				F: text.Draw(t, "f"), Key: text.Draw(t, "key"), Idem: text.Draw(t, "idem"), Node: text.Draw(t, "node"),
				Ref: text.Draw(t, "ref"), Value: AnyValue().Draw(t, "value"), Process: history.NoProcess,
			}
			if n := len(events); n > 0 {
				e.Time = events[n-1].Time
			}
			e.Time += time.Duration(rapid.Int64Range(1, 1_000_000).Draw(t, "step"))
			switch choice := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case choice == 0:
				e.Kind = history.Nemesis
			case choice == 1:
				e.Kind = history.Phase
			case choice < 6 || len(open) == 0:
				e.Kind = history.Invoke
				if len(idle) == 0 {
					idle, next = append(idle, next), next+1
				}
				e.Process, idle = idle[0], idle[1:]
				open = append(open, e)
			default:
				e.Kind = history.Complete
				i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				e.Process, e.F = open[i].Process, open[i].F
				open = append(open[:i:i], open[i+1:]...)
				e.Outcome = rapid.SampledFrom([]history.Outcome{history.Unknown, history.OK, history.Fail}).Draw(t, "outcome")
				e.Error = text.Draw(t, "error")
				if e.Outcome != history.Unknown {
					idle = append(idle, e.Process)
				}
			}
			events = append(events, e)
		}
		return history.New(events)
	})
}
