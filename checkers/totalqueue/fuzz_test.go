package totalqueue

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func FuzzCheck(f *testing.F) {
	checktest.Fuzz(f, func(h *history.History) verdict.Report {
		return New().Check(context.Background(), h, verdict.Budget{})
	}, "enqueue", "dequeue", "drain")
}

func FuzzAgreesWithTheTwin(f *testing.F) { checktest.FuzzAgree(f, subjects()...) }
