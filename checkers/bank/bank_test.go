package bank_test

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/bank"
	"github.com/tertium-dev/tertium/checkers/internal/corpora"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

type balances = map[string]any

const most = int64(math.MaxInt64)

// reads is a history of reads of one process.
func reads(values ...any) *history.History {
	var events []history.Event
	for _, value := range values {
		events = append(events,
			history.Event{Kind: history.Invoke, F: "read"},
			history.Event{Kind: history.Complete, F: "read", Outcome: history.OK, Value: value})
	}
	return history.New(events)
}

func TestCheck(t *testing.T) {
	good := balances{"a": int64(10), "b": int64(0)}
	tests := map[string]struct {
		checker bank.Checker
		history *history.History
		want    verdict.Verdict
		anomaly string
	}{
		"same total":          {bank.Checker{}, reads(good, balances{"a": int64(4), "b": int64(6)}), verdict.Valid, ""},
		"other total":         {bank.Checker{}, reads(good, balances{"a": int64(4), "b": int64(5)}), verdict.Invalid, "wrong-total"},
		"given total":         {bank.Checker{Total: 11, HasTotal: true}, reads(good), verdict.Invalid, "wrong-total"},
		"unexpected account":  {bank.Checker{}, reads(good, balances{"a": int64(10), "c": int64(0)}), verdict.Invalid, "unexpected-key"},
		"given accounts":      {bank.Checker{Accounts: []string{"a"}}, reads(good), verdict.Invalid, "unexpected-key"},
		"no balance":          {bank.Checker{}, reads(good, balances{"a": int64(10), "b": nil}), verdict.Invalid, "nil-balance"},
		"negative":            {bank.Checker{}, reads(good, balances{"a": int64(11), "b": int64(-1)}), verdict.Invalid, "negative-value"},
		"negative is allowed": {bank.Checker{NegativeBalances: true}, reads(good, balances{"a": int64(11), "b": int64(-1)}), verdict.Valid, ""},
		"no reads":            {bank.Checker{}, history.New(nil), verdict.Unknown, ""},
		"not balances":        {bank.Checker{}, reads([]any{int64(1)}), verdict.Unknown, ""},
		"not a number":        {bank.Checker{}, reads(balances{"a": "ten"}), verdict.Unknown, ""},
		"given in part":       {bank.Checker{Total: 0.25, HasTotal: true}, reads(balances{"a": 0.125, "b": 0.125}), verdict.Valid, ""},
		"tenths":              {bank.Checker{}, reads(balances{"a": 0.1, "b": 0.2}, balances{"a": 0.3, "b": int64(0)}), verdict.Valid, ""},
		"large and small":     {bank.Checker{}, reads(balances{"a": int64(1) << 53, "b": int64(1)}, balances{"a": int64(1)<<53 + 1, "b": int64(0)}), verdict.Valid, ""},
		"off by one of many":  {bank.Checker{}, reads(balances{"a": int64(1) << 53, "b": int64(1)}, balances{"a": int64(1) << 53, "b": int64(0)}), verdict.Invalid, "wrong-total"},
		"beyond 64 bits":      {bank.Checker{}, reads(balances{"a": most, "b": most}, balances{"a": most - 1, "b": most, "c": int64(1)}), verdict.Invalid, "unexpected-key"},
		"no number at all":    {bank.Checker{}, reads(balances{"a": math.NaN()}, balances{"a": math.Inf(1)}), verdict.Unknown, ""},
		"malformed":           {bank.Checker{}, &history.History{Events: []history.Event{{Kind: history.Complete}}}, verdict.Unknown, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := test.checker.Check(context.Background(), test.history, verdict.Budget{})
			require.Equal(t, test.want, report.Verdict, report.Cause)
			require.NotEmpty(t, report.Cause)
			if test.anomaly == "" {
				require.Empty(t, report.Findings)
				return
			}
			require.Equal(t, test.anomaly, report.Findings[0].Anomaly)
			require.Contains(t, report.Findings[0].Operations, report.Findings[0].Culprit)
		})
	}
}

func TestFirstAnswerSetsTheTotal(t *testing.T) {
	h := history.New([]history.Event{
		{Kind: history.Invoke, Process: 0, F: "read"},
		{Kind: history.Invoke, Process: 1, F: "read"},
		{Kind: history.Complete, Process: 1, F: "read", Outcome: history.OK, Value: balances{"a": int64(1)}},
		{Kind: history.Complete, Process: 0, F: "read", Outcome: history.OK, Value: balances{"a": int64(2)}},
	})
	report := bank.Checker{}.Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Invalid, report.Verdict)
	require.Equal(t, []int{0, 1}, report.Findings[0].Operations)
	require.Equal(t, 0, report.Findings[0].Culprit)
}

func TestOutOfTime(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report := bank.Checker{}.Check(ctx, reads(balances{"a": int64(1)}), verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
}

func TestRecordedHistory(t *testing.T) {
	path := filepath.Join(corpora.Dir(t), "jepsen", "bank.edn")
	h, err := history.ReadFile(path)
	require.NoError(t, err)
	report := bank.Checker{}.Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Valid, report.Verdict, report.Cause)
	require.Greater(t, report.Judged, 100)
}
