package judgement_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func one() *history.History {
	return history.New([]history.Event{{Kind: history.Invoke, F: "read"}})
}

func TestReport(t *testing.T) {
	found := findings.New("bad")
	found.Add("bad", func() verdict.Finding { return verdict.Finding{Summary: "it is bad"} })
	late := errors.New("too late")
	for _, test := range []struct {
		name    string
		j       judgement.Judgement
		err     error
		verdict verdict.Verdict
		cause   string
	}{
		{"nothing", judgement.Judgement{}, nil, verdict.Unknown, "there was nothing to judge"},
		{"covered", judgement.Judgement{Judged: 1, Covered: "all is well"}, nil, verdict.Valid, "all is well"},
		{"doubts", judgement.Judgement{Judged: 1, Doubts: []string{"a", "b"}}, nil, verdict.Unknown, "a; b"},
		{"many doubts", judgement.Judgement{Judged: 1, Doubts: strings.Split("abcdefghij", "")}, nil, verdict.Unknown, "a; b; c; d; e; f; g; h; and 2 more doubts"},
		{"found", judgement.Judgement{Judged: 1, Found: found, Doubts: []string{"a"}}, nil, verdict.Invalid, "it is bad"},
		{"ended early", judgement.Judgement{Judged: 1}, late, verdict.Unknown, "judging was ended early (too late); allow it more time"},
		{"ended early with findings", judgement.Judgement{Judged: 1, Found: found}, late, verdict.Invalid, "it is bad"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := judgement.Report(context.Background(), one(), verdict.Budget{}, verdict.Report{Checker: "c"}, 8,
				func(_ context.Context, ops []history.Operation) (judgement.Judgement, error) {
					require.Len(t, ops, 1)
					return test.j, test.err
				})
			require.Equal(t, test.verdict, got.Verdict)
			require.Equal(t, test.cause, got.Cause)
			require.Equal(t, "c", got.Checker)
		})
	}
}

func TestReportDoesNotBegin(t *testing.T) {
	never := func(context.Context, []history.Operation) (judgement.Judgement, error) {
		t.Error("it began")
		return judgement.Judgement{}, nil
	}
	check := func(ctx context.Context, h *history.History, budget verdict.Budget) {
		t.Helper()
		got := judgement.Report(ctx, h, budget, verdict.Report{}, 100, never)
		require.Equal(t, verdict.Unknown, got.Verdict)
		require.Contains(t, got.Cause, "not judged: ")
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	check(done, one(), verdict.Budget{})
	check(context.Background(), one(), verdict.Budget{Time: time.Nanosecond})
	check(context.Background(), one(), verdict.Budget{Memory: 99})
	check(context.Background(), &history.History{Events: make([]history.Event, 2)}, verdict.Budget{})
}
