package linearizable_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestPicture(t *testing.T) {
	var r recording
	for i := range int64(20) {
		r.done(1, "write", "a", i, nil)
		r.done(1, "write", "b", i, nil)
	}
	r.call(2, "write", "a", int64(33))
	r.returns(2, history.Unknown, nil, "timeout")
	r.done(3, "read", "a", nil, int64(33))
	r.done(3, "read", "a", nil, int64(19))
	h := history.New(r.events)
	model, err := linearizable.ModelNamed("register", linearizable.Options{})
	require.NoError(t, err)
	checker := linearizable.New(model)
	report := checker.Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Invalid, report.Verdict)
	finding := report.Findings[0]

	var page strings.Builder
	require.NoError(t, checker.Picture(context.Background(), &page, h, finding))
	require.Contains(t, page.String(), "<html")
	for _, told := range []string{"wrote 19", "may have written 33", "read 33", "read 19"} {
		require.Contains(t, page.String(), told)
	}
	require.NotContains(t, page.String(), "wrote 7", "only the counterexample is drawn")

	missing := finding
	missing.Key = "b"
	require.ErrorContains(t, checker.Picture(context.Background(), &page, h, missing), fmt.Sprintf("0 of the %d operations", len(finding.Operations)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorContains(t, checker.Picture(ctx, &page, h, finding), "time budget")
}
