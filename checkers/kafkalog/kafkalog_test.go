package kafkalog

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// promises are what logs may promise, with the rules that follow.
var promises = []struct {
	name                 string
	anyStart, duplicates bool
	rules                rules
}{
	{"from the start", false, false, allRules},
	{"from anywhere", true, false, allRules &^ (ruleLost | ruleLostUnplaced)},
	{"with duplicates", false, true, allRules &^ ruleDuplicate},
}

// subjects are the checker and its definition, by what is promised.
func subjects() []checktest.Subject {
	var all []checktest.Subject
	for _, p := range promises {
		all = append(all, checktest.Subject{
			Histories: 34_000,
			Random:    dense,
			Possible:  func(h *history.History) bool { return possible(h, p.anyStart, p.duplicates) },
			Check: func(h *history.History, mask uint32) verdict.Report {
				c := New()
				c.anyStart, c.duplicates, c.rules = p.anyStart, p.duplicates, rules(mask)
				return c.Check(context.Background(), h, verdict.Budget{})
			},
			Rules: uint32(p.rules),
		})
	}
	return all
}

// The checker and its twin agree on every small history.
func TestAgreesWithTheTwin(t *testing.T) {
	for i, s := range subjects() {
		t.Run(promises[i].name, func(t *testing.T) {
			t.Parallel()
			checktest.Agree(t, s)
		})
	}
}

func send(message, offset any) checktest.Op {
	return checktest.Op{F: "send", Key: "p", Input: message, Output: offset, Outcome: history.OK}
}

// poll is given messages that are named by their offsets: "m3" is at offset 3.
func poll(offsets ...int64) checktest.Op {
	list := []any{}
	for _, offset := range offsets {
		list = append(list, []any{offset, fmt.Sprint("m", offset)})
	}
	return checktest.Op{F: "poll", Key: "p", Output: list, Outcome: history.OK}
}

func with(op checktest.Op, outcome history.Outcome) checktest.Op {
	op.Outcome, op.Output = outcome, nil
	return op
}

func TestVerdicts(t *testing.T) {
	m1, m2, m3 := send("m1", int64(1)), send("m2", int64(2)), send("m3", int64(3))
	for _, test := range []struct {
		name    string
		ops     []checktest.Op
		options []Option
		verdict verdict.Verdict
		cause   string
	}{
		{"empty", nil, nil, verdict.Unknown, "no message was polled"},
		{"all unknown", []checktest.Op{with(m1, history.Unknown), with(poll(), history.Unknown)}, nil, verdict.Unknown, "no message was polled"},
		{"one message", []checktest.Op{m1, poll(1)}, nil, verdict.Valid, "1 messages were acknowledged and 1 were polled, each at its place and in order"},
		{"gaps", []checktest.Op{m1, m3, poll(1, 3)}, nil, verdict.Valid, "2 messages were acknowledged and 2 were polled, each at its place and in order"},
		{"unseen", []checktest.Op{m1, m2, poll(1)}, nil, verdict.Unknown,
			"no poll got as far as acknowledged messages: 1 of them; poll all partitions to their ends"},
		{"lost", []checktest.Op{m1, m2, poll(2)}, nil, verdict.Invalid,
			`"m1" was acknowledged at offset 1 and nobody was given it, though offset 2 was polled`},
		{"lost, from anywhere", []checktest.Op{m1, m2, poll(2)}, []Option{AnyStart()}, verdict.Unknown,
			"no poll got as far as acknowledged messages: 1 of them; poll all partitions to their ends"},
		{"lost, at an unknown place", []checktest.Op{send("m1", nil), m2, poll(2)}, nil, verdict.Invalid,
			`"m1" was acknowledged and nobody was given it, though offset 2 was polled and is not before what was sent later`},
		{"unknown and not there", []checktest.Op{with(m1, history.Unknown), m2, poll(2)}, nil, verdict.Valid,
			"1 messages were acknowledged and 1 were polled, each at its place and in order"},
		{"inconsistent", []checktest.Op{m1, send("x", int64(1)), poll(1)}, nil, verdict.Invalid,
			`"x" was acknowledged at offset 1 and nobody was given it, though offset 1 was polled`},
		{"duplicate", []checktest.Op{send("m2", int64(1)), m3, poll(2, 3)}, nil, verdict.Invalid, `"m2" has both offset 1 and offset 2`},
		{"duplicate, allowed", []checktest.Op{send("m2", int64(1)), m3, poll(2, 3)}, []Option{Duplicates()}, verdict.Valid,
			"2 messages were acknowledged and 2 were polled, each at its place and in order"},
		{"aborted", []checktest.Op{with(m1, history.Fail), poll(1)}, nil, verdict.Invalid, `"m1" was polled though its send had failed for certain`},
		{"unexpected", []checktest.Op{poll(1)}, nil, verdict.Invalid, `"m1" was polled and was never sent`},
		{"early", []checktest.Op{poll(1), m1}, nil, verdict.Invalid, `"m1" was polled before it was sent`},
		{"nonmonotonic send", []checktest.Op{m2, m1, poll(1, 2)}, nil, verdict.Invalid, `"m1" got offset 1, and offset 2 was in use before it was sent`},
		{"sent after it was polled", []checktest.Op{with(m2, history.Unknown), poll(2), m1, poll(1, 2)}, nil, verdict.Invalid,
			`"m1" got offset 1, and offset 2 was in use before it was sent`},
		{"nonmonotonic poll", []checktest.Op{m1, m2, poll(1, 2, 1)}, nil, verdict.Invalid, "a consumer was given offset 1 after offset 2 in one poll"},
		{"polled again", []checktest.Op{m1, m2, poll(1, 2), poll(), poll(2)}, nil, verdict.Invalid, "a consumer was given offset 2 after offset 2"},
		{"assigned again", []checktest.Op{m1, m2, poll(1, 2), {F: "assign", Outcome: history.OK}, poll(2)}, nil, verdict.Valid,
			"2 messages were acknowledged and 2 were polled, each at its place and in order"},
		{"subscribed", []checktest.Op{{F: "subscribe", Outcome: history.OK}, m1, m2, poll(1, 2), poll(2), poll(1)}, nil, verdict.Valid,
			"2 messages were acknowledged and 2 were polled, each at its place and in order"},
		{"skip", []checktest.Op{m1, m2, m3, poll(1, 3), {F: "assign", Outcome: history.OK}, poll(2)}, nil, verdict.Invalid,
			`a consumer was given offset 1, then offset 3 in one poll, and not "m2" at offset 2 between them`},
		{"skip between polls", []checktest.Op{m1, m2, m3, poll(1), poll(3), {F: "assign", Outcome: history.OK}, poll(2)}, nil, verdict.Invalid,
			`a consumer was given offset 1, then offset 3, and not "m2" at offset 2 between them`},
		{"other partitions", []checktest.Op{m2, {F: "send", Key: "q", Input: "m2", Output: int64(1), Outcome: history.OK}, poll(2)}, nil, verdict.Unknown,
			"no poll got as far as acknowledged messages: 1 of them; poll all partitions to their ends"},
		{"sent twice", []checktest.Op{m1, m1, poll(1)}, nil, verdict.Unknown, `"m1" is sent more than once to "p"; send each message once`},
		{"no offset", []checktest.Op{send("m1", "1"), m2, poll(2)}, nil, verdict.Unknown, "the send at event 0 cannot be read: its offset is no integer"},
		{"no list", []checktest.Op{m1, poll(1), {F: "poll", Key: "p", Outcome: history.OK}}, nil, verdict.Unknown,
			"the poll at event 4 cannot be read: it was given no list of [offset message]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := New(test.options...).Check(context.Background(), checktest.InOrder(test.ops...), verdict.Budget{})
			require.Equal(t, test.verdict, got.Verdict, got.Cause)
			require.Equal(t, test.cause, got.Cause)
			require.Equal(t, "kafka", got.Checker)
		})
	}
}

// list is a value of a history.
func list(values ...any) []any { return values }

func TestJepsenForm(t *testing.T) {
	txn := func(input, output []any) checktest.Op {
		return checktest.Op{F: "txn", Input: input, Output: output, Outcome: history.OK}
	}
	sent := txn(
		list(list("send", int64(0), int64(5)), list("send", "x", int64(6)), list("poll")),
		list(list("send", int64(0), list(int64(10), int64(5))), list("send", "x", list(nil, int64(6))),
			list("poll", map[string]any{"0": list(list(int64(10), int64(5)))})))
	polls := func(entries map[string]any) checktest.Op { return txn(list(list("poll")), list(list("poll", entries))) }
	check := func(ops ...checktest.Op) verdict.Report {
		return New().Check(context.Background(), checktest.InOrder(ops...), verdict.Budget{})
	}
	got := check(sent, polls(map[string]any{"x": list(list(int64(3), int64(6)))}))
	require.Equal(t, verdict.Valid, got.Verdict, got.Cause)
	got = check(sent, polls(map[string]any{"x": list(list(int64(3), int64(5)))}))
	require.Equal(t, "5 was polled and was never sent", got.Cause)
	got = check(sent, polls(map[string]any{"0": list(list(int64(10), int64(6)))}))
	require.Equal(t, "offset 10 has both 6 and 5", got.Cause)
	for cause, output := range map[string][]any{
		"its completion is no list of sends and polls": nil,
		"a send comes back as [offset message]":        list(list("send", int64(0), int64(5))),
		"a poll comes back with a map of partitions":   list(list("poll", int64(5))),
		"its offset is no integer":                     list(list("send", int64(0), list("x", int64(5)))),
	} {
		got = check(txn(list(list("poll")), output))
		require.Contains(t, got.Cause, "the txn at event 0 cannot be read: "+cause)
	}
	require.Contains(t, check(txn(list("poll"), nil)).Cause, "it is no list of sends and polls")
}

func TestFinding(t *testing.T) {
	h := checktest.InOrder(send("m1", int64(1)), send("m2", int64(2)), send("m3", int64(3)), poll(1), poll(3))
	got := New().Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Finding{
		Anomaly: "lost-write", Key: "p", Summary: `"m2" was acknowledged at offset 2 and nobody was given it, though offset 3 was polled`,
		Steps: []string{
			`[3s to 4s] process 0 asked for send "m2" and was told ok 2`,
			`[9s to 10s] process 0 asked for poll of p and was told ok [[3,"m3"]]`,
		},
		Operations: []int{2, 8}, Culprit: 2,
	}, got.Findings[0])
	require.Equal(t, "poll-skip", got.Findings[1].Anomaly)
	require.Equal(t, []int{2, 6, 8}, got.Findings[1].Operations)
}

func TestBudget(t *testing.T) {
	h := checktest.InOrder(send("m1", int64(1)), poll(1))
	for n := range 2 {
		got := New().Check(checktest.CancelledAfter(n+1), h, verdict.Budget{})
		require.Equal(t, verdict.Unknown, got.Verdict)
		require.Contains(t, got.Cause, "judging was ended early")
	}
}

// large has n operations, a poll after each ten sends.
func large(n int, key func(i int) string) *history.History {
	ops := make([]checktest.Op, 0, n)
	var given []any
	last := ""
	for i := range n {
		if key(i) != last || i%11 == 10 {
			ops = append(ops, checktest.Op{F: "poll", Key: last, Output: append([]any{}, given...), Outcome: history.OK})
			last, given = key(i), nil
		}
		ops = append(ops, checktest.Op{F: "send", Key: last, Input: int64(i), Output: int64(i), Outcome: history.OK})
		given = append(given, []any{int64(i), int64(i)})
	}
	ops = append(ops, checktest.Op{F: "poll", Key: last, Output: append([]any{}, given...), Outcome: history.OK})
	return checktest.InOrder(ops...)
}

func TestLarge(t *testing.T) {
	for name, key := range map[string]func(i int) string{
		"one partition": func(int) string { return "p" },
		"many":          func(i int) string { return fmt.Sprint(i / 2) },
	} {
		h := large(40_000, key)
		got := New().Check(context.Background(), h, verdict.Budget{})
		require.Equal(t, verdict.Valid, got.Verdict, "%s: %s", name, got.Cause)
		h.Events[len(h.Events)-1].Value = []any{[]any{int64(39_999), int64(39_998)}}
		require.Equal(t, verdict.Invalid, New().Check(context.Background(), h, verdict.Budget{}).Verdict, name)
	}
}

func BenchmarkJudge(b *testing.B) {
	ops := large(900_000, func(int) string { return "p" }).Operations()
	b.ReportAllocs()
	for b.Loop() {
		if j, err := New().judge(context.Background(), ops); err != nil || j.Found.Any() {
			b.Fatal(err, j.Found.Sorted())
		}
	}
}
