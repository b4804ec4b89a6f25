package idempotent_test

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/idempotent"
	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestHostile(t *testing.T) {
	checktest.HostileLedger(t, func(h *history.History) verdict.Report {
		return idempotent.New().Check(context.Background(), h, verdict.Budget{})
	})
}
