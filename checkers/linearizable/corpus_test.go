package linearizable

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/corpora"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// TestRecordedHistories checks the histories that come with Knossos and
// Porcupine, with every engine that can.
func TestRecordedHistories(t *testing.T) {
	folders := map[string]Options{
		"knossos":   {Initial: int64(0), NilIsUnknown: true},
		"porcupine": {},
	}
	for folder, options := range folders {
		for _, l := range corpora.Labels(t, folder) {
			t.Run(folder+"/"+filepath.Base(l.Path), func(t *testing.T) {
				h, err := history.ReadFile(l.Path)
				require.NoError(t, err)
				model := named(t, l.Model, options)
				report := New(model).Check(context.Background(), h, verdict.Budget{})
				require.Equal(t, l.Verdict, report.Verdict.String(), report.Cause)
				require.Positive(t, report.Judged)
				require.Equal(t, report, New(model, Workers(1)).Check(context.Background(), h, verdict.Budget{}), "equal histories have equal reports")
				view, err := columns.Of(h)
				require.NoError(t, err)
				require.Equal(t, report, New(model).CheckColumns(context.Background(), view, verdict.Budget{}), "columns give the same report")
				if report.Verdict == verdict.Invalid {
					requireWitness(t, &model, h, report.Findings[0])
				}
			})
		}
	}
}

// requireWitness requires that a finding is a counterexample by itself: that its
// operations, as they were, have no order whatever the others of its object did.
func requireWitness(t *testing.T, m *Model, h *history.History, finding verdict.Finding) {
	t.Helper()
	require.NotEmpty(t, finding.Summary)
	require.NotEmpty(t, finding.Steps)
	require.Contains(t, finding.Operations, finding.Culprit)
	objects := m.objects(h.Operations())
	i := slices.IndexFunc(objects, func(o object) bool { return o.key == finding.Key })
	require.GreaterOrEqual(t, i, 0)
	d := New(*m, With(Search)).decider(0)
	weakener := newMinimizer(d, objects[i].ops)
	var kept []int
	for at, op := range objects[i].ops {
		if slices.Contains(finding.Operations, op.Call) && op.Return != Never {
			kept = append(kept, at)
		}
	}
	require.Equal(t, verdict.Invalid, d.decide(context.Background(), weakener.candidate(kept)).verdict)
}
