package transactional_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/corpora"
	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestRecordedHistories(t *testing.T) {
	for _, l := range corpora.Labels(t, "elle") {
		t.Run(filepath.Base(l.Path), func(t *testing.T) {
			h, err := history.ReadFile(l.Path)
			require.NoError(t, err)
			workload, err := transactional.WorkloadNamed(l.Model)
			require.NoError(t, err)
			checker, err := transactional.New(workload, transactional.WithModel(l.Consistency))
			require.NoError(t, err)
			report := checker.Check(context.Background(), h, verdict.Budget{})
			require.Equal(t, l.Verdict, report.Verdict.String(), report.Cause)
			require.Positive(t, report.Judged)
			for _, finding := range report.Findings {
				t.Log(finding.Anomaly, finding.Summary)
				for _, step := range finding.Steps {
					t.Log("   ", step)
				}
			}
			t.Log(report.Method)
		})
	}
}
