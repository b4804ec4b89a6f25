package words_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestSentences(t *testing.T) {
	op := history.Operation{
		Process: 3, F: "deposit", Key: "t1/a", Node: "n1", Start: 1200 * time.Millisecond, End: 1500 * time.Millisecond,
		Input: map[string]any{"b": int64(2), "a": int64(1)},
	}
	tests := []struct {
		name string
		edit func(*history.Operation)
		want string
	}{
		{"ok", func(op *history.Operation) { op.Outcome, op.Output = history.OK, int64(7) },
			`[1.2s to 1.5s] process 3 asked at n1 for deposit {"a":1,"b":2} and was told ok 7`},
		{"fail", func(op *history.Operation) { op.Outcome, op.Error = history.Fail, "conflict" },
			`[1.2s to 1.5s] process 3 asked at n1 for deposit {"a":1,"b":2} and was told that it failed: conflict`},
		{"unknown", func(op *history.Operation) { op.Error = "timeout" },
			`[1.2s to 1.5s] process 3 asked at n1 for deposit {"a":1,"b":2} and got no answer (timeout): it may have been done, and may still be`},
		{"no input", func(op *history.Operation) { op.Input, op.Node = nil, "" },
			`[1.2s to 1.5s] process 3 asked for deposit of t1/a and got no answer: it may have been done, and may still be`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			op := op
			test.edit(&op)
			require.Equal(t, test.want, words.Attempt(&op))
		})
	}
	require.Equal(t, "[1.2s to 1.5s] process 3 read back the books at n1 and they are empty",
		words.Read(&op, "the books", "they are empty"))
}

func TestValue(t *testing.T) {
	require.Equal(t, `{"a":[null,true,"x"]}`, words.Value(map[string]any{"a": []any{nil, true, "x"}}))
	require.Contains(t, words.Value(math.NaN()), "cannot say")
	long := words.Value(strings.Repeat("x", 1000))
	require.Less(t, len(long), 200)
	require.True(t, strings.HasSuffix(long, "…"))
}

func TestStoryIsInOrderOfTime(t *testing.T) {
	early, late := &history.Operation{Call: 3}, &history.Operation{Call: 8}
	story := words.NewStory("k").Tell(late, "c").Tell(early, "a").Tell(late, "c").Tell(early, "b").Blame(late)
	require.Equal(t, verdict.Finding{
		Key: "k", Summary: "so", Steps: []string{"a", "b", "c", "and"}, Operations: []int{3, 8}, Culprit: 8,
	}, story.Finding("so", "and"))
	require.Equal(t, -1, words.NewStory("k").Finding("").Culprit)
}
