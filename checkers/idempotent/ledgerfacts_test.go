package idempotent

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// stretched is a history that is read in several stretches.
func stretched(valid bool) *history.History {
	return large(replyStretch+replyStretch/2, 2, 0.05, valid)
}

// damage changes one of the books of a scope in so many ways, and leaves the
// other one as it is. It returns the anomalies that come of it.
func damage(h *history.History) []string {
	var books [][]any
	var at []int
	for i := range h.Events {
		if list, ok := h.Events[i].Value.([]any); ok {
			books, at = append(books, list), append(at, i)
		}
	}
	changed := func(i int, field string, value any) map[string]any {
		entry := make(map[string]any)
		for name, member := range books[0][i].(map[string]any) {
			entry[name] = member
		}
		entry[field] = value
		return entry
	}
	last := len(books[0]) - 1
	books[0][1] = changed(1, "amount", int64(-1)) // not what was asked for
	books[0][2] = books[1][2]                     // of another scope, whose books hold it too
	books[0][3] = books[0][4]                     // twice
	books[0][5] = changed(5, "key", "k")          // of no request
	books[0][6] = changed(6, "key", int64(1))     // unreadable
	books[0][last] = nil
	h.Events[at[0]].Value = books[0]
	return []string{doubleEffect, phantomEffect}
}

func TestLongHistoriesAgree(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		old := runtime.GOMAXPROCS(workers)
		t.Cleanup(func() { runtime.GOMAXPROCS(old) })
		require.Equal(t, verdict.Valid, check(stretched(true)).Verdict)
		require.Equal(t, verdict.Invalid, check(stretched(false)).Verdict)
	}
}

func TestOrderOfBooksDoesNotMatter(t *testing.T) {
	h := stretched(true)
	want := check(h)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range h.Events {
		if list, ok := h.Events[i].Value.([]any); ok {
			r.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
		}
	}
	require.Equal(t, want, check(h))
}

func TestLongDamagedBooksAgree(t *testing.T) {
	h := stretched(true)
	anomalies := damage(h)
	found := make(map[string]bool)
	for _, f := range check(h).Findings {
		found[f.Anomaly] = true
	}
	for _, anomaly := range anomalies {
		require.True(t, found[anomaly], anomaly)
	}
}

func TestForeignRepliesInLongHistoriesAgree(t *testing.T) {
	h := stretched(true)
	for i := len(h.Events) / 2; ; i++ {
		if reply, ok := h.Events[i].Value.(map[string]any); ok && reply["id"] != nil {
			reply["account"] = "another"
			break
		}
	}
	report := check(h)
	require.Equal(t, verdict.Invalid, report.Verdict)
	require.Equal(t, foreignReply, report.Findings[0].Anomaly)
}

// An entry may be listed in the books of several scopes, and belongs to another
// request in each.
func TestEqualEntriesOfTwoScopes(t *testing.T) {
	judged := func(amount int64) verdict.Report {
		var events []history.Event
		add := func(e history.Event) { events = append(events, e) }
		for i, tenant := range []string{"t1", "t2"} {
			asked := []int64{1, amount}[i]
			input := map[string]any{"tenant": tenant, "account": "a", "amount": asked}
			add(history.Event{Kind: history.Invoke, Process: i, F: "deposit", Key: tenant + "/a", Idem: tenant + "/deposit/k", Value: input})
			add(history.Event{Kind: history.Complete, Process: i, F: "deposit", Outcome: history.OK, Value: map[string]any{"id": int64(1), "amount": asked}})
		}
		add(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
		for i, tenant := range []string{"t1", "t2"} {
			books := []any{map[string]any{"id": int64(1), "operation": "deposit", "key": "k", "account": "a", "amount": int64(1)}}
			add(history.Event{Kind: history.Invoke, Process: 2 + i, F: "entries", Key: tenant, Node: "n1"})
			add(history.Event{Kind: history.Complete, Process: 2 + i, F: "entries", Outcome: history.OK, Value: books})
		}
		return check(history.New(events))
	}
	require.Equal(t, verdict.Valid, judged(1).Verdict)
	require.Equal(t, phantomEffect, judged(2).Findings[0].Anomaly)
}

func TestReadingEndsWithItsContext(t *testing.T) {
	view, err := columns.Of(stretched(true))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l := newLedgerColumns(ctx, view, true)
	require.ErrorIs(t, l.ready(), context.Canceled)
	report := New().CheckColumns(ctx, view, verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "allow it more time")
}
