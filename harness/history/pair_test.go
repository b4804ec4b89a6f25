package history_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

func invoke(process int, f string, value any) history.Event {
	return history.Event{Kind: history.Invoke, Process: process, F: f, Value: value}
}

func complete(process int, f string, outcome history.Outcome, value any) history.Event {
	return history.Event{Kind: history.Complete, Process: process, F: f, Outcome: outcome, Value: value}
}

func phase(name string) history.Event {
	return history.Event{Kind: history.Phase, Process: history.NoProcess, F: name}
}

// timed gives the events the stamps 10, 20, 30 …
func timed(events ...history.Event) *history.History {
	for i := range events {
		events[i].Time = time.Duration(10 * (i + 1))
	}
	return history.New(events)
}

func TestOperationsPairByProcess(t *testing.T) {
	first := invoke(0, "write", int64(1))
	first.Key, first.Idem, first.Node, first.Ref = "k", "t/write/1", "n1", "w0.0"
	refused := complete(1, "read", history.Fail, nil)
	refused.Error = "no-leader"
	h := timed(
		phase("warm-up"),
		first,
		invoke(1, "read", nil),
		phase("faults"),
		complete(0, "write", history.OK, "done"),
		refused,
		invoke(0, "write", int64(2)),
		invoke(1, "read", nil),
		complete(0, "write", history.Unknown, nil),
	)
	require.NoError(t, h.Validate())
	require.Equal(t, []history.Operation{
		{Process: 0, F: "write", Key: "k", Idem: "t/write/1", Node: "n1", Ref: "w0.0", Input: int64(1), Output: "done",
			Outcome: history.OK, Call: 1, Return: 4, Start: 20, End: 50, Phase: "warm-up"},
		{Process: 1, F: "read", Outcome: history.Fail, Error: "no-leader", Call: 2, Return: 5, Start: 30, End: 60, Phase: "warm-up"},
		{Process: 0, F: "write", Input: int64(2), Outcome: history.Unknown, Call: 6, Return: history.Never, Start: 70, End: 90, Phase: "faults"},
		{Process: 1, F: "read", Outcome: history.Unknown, Call: 7, Return: history.Never, Start: 80, End: 80, Phase: "faults"},
	}, h.Operations())
}

// Validate refuses these, but an operation must not be taken for another.
func TestPairingOfWhatIsNoHistory(t *testing.T) {
	h := timed(
		complete(0, "read", history.OK, "of nobody"),
		invoke(0, "write", int64(1)),
		complete(0, "write", history.Unknown, nil),
		complete(0, "write", history.OK, "too late"),
		invoke(0, "write", int64(2)),
		invoke(0, "write", int64(3)),
		complete(0, "write", history.OK, "done"),
	)
	require.Error(t, h.Validate())
	operations := h.Operations()
	require.Len(t, operations, 3)
	for i, want := range []history.Operation{
		{Outcome: history.Unknown, Return: history.Never},
		{Outcome: history.Unknown, Return: history.Never},
		{Outcome: history.OK, Return: 6, Output: "done"},
	} {
		require.Equal(t, int64(i+1), operations[i].Input)
		require.Equal(t, want.Outcome, operations[i].Outcome)
		require.Equal(t, want.Return, operations[i].Return)
		require.Equal(t, want.Output, operations[i].Output)
	}
}

func TestOperationsOfNothing(t *testing.T) {
	require.Empty(t, history.New(nil).Operations())
	require.NoError(t, history.New(nil).Validate())
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	deep := any("bottom")
	for range history.MaxDepth + 1 {
		deep = []any{deep}
	}
	backwards := timed(invoke(0, "read", nil), invoke(1, "read", nil))
	backwards.Events[1].Time = 1
	gap := timed(invoke(0, "read", nil), invoke(1, "read", nil))
	gap.Events[1].Index = 2
	decided := invoke(0, "read", nil)
	decided.Outcome = history.OK
	cases := map[string]struct {
		history *history.History
		index   int
		reason  string
	}{
		"completion without invocation": {timed(complete(3, "read", history.OK, nil)), 0, "process 3 completes"},
		"second completion":             {timed(invoke(0, "read", nil), complete(0, "read", history.OK, nil), complete(0, "read", history.OK, nil)), 2, "without having invoked"},
		"two at once":                   {timed(invoke(0, "read", nil), invoke(0, "write", nil)), 1, "has not completed"},
		"process goes on after unknown": {timed(invoke(0, "read", nil), complete(0, "read", history.Unknown, nil), invoke(0, "read", nil)), 2, "take a new process"},
		"another function completes":    {timed(invoke(0, "read", nil), complete(0, "write", history.OK, nil)), 1, `had invoked "read"`},
		"client without process":        {timed(invoke(history.NoProcess, "read", nil)), 0, "process -1"},
		"no kind":                       {timed(history.Event{}), 0, "kind 0"},
		"outcome of an invocation":      {timed(decided), 0, "outcome ok"},
		"no such outcome":               {timed(invoke(0, "read", nil), complete(0, "read", 7, nil)), 1, "outcome 7"},
		"time goes back":                {backwards, 1, "before"},
		"gap in the index":              {gap, 1, "index is 2"},
		"plain int":                     {timed(invoke(0, "write", 5)), 0, "holds a int"},
		"int inside":                    {timed(invoke(0, "write", map[string]any{"a": []any{5}})), 0, "holds a int"},
		"not a number":                  {timed(invoke(0, "write", math.NaN())), 0, "NaN"},
		"too deep":                      {timed(invoke(0, "write", deep)), 0, "deeper"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := c.history.Validate()
			var malformed *history.MalformedError
			require.True(t, errors.As(err, &malformed), "%v", err)
			require.Equal(t, c.index, malformed.Index)
			require.Contains(t, malformed.Reason, c.reason)
		})
	}
}

func TestOutcomesThatMayNotRetireAProcess(t *testing.T) {
	h := timed(
		invoke(0, "read", nil), complete(0, "read", history.Fail, nil),
		invoke(0, "read", nil), complete(0, "", history.OK, nil),
		invoke(0, "read", nil), complete(0, "read", history.Unknown, nil),
		history.Event{Kind: history.Nemesis, Process: history.NoProcess, F: "kill"},
	)
	require.NoError(t, h.Validate())
}
