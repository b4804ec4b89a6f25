package staleness

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
	}, "read", "write", "cas")
}

func FuzzAgreesWithTheTwin(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		requireFigures(t, dense(checktest.Choices(data)), data)
	})
}
