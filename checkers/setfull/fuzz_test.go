package setfull

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func FuzzCheck(f *testing.F) {
	checktest.Fuzz(f, func(h *history.History) verdict.Report {
		return New(Linearizable()).Check(context.Background(), h, verdict.Budget{})
	}, "add", "read")
}

func FuzzAgreesWithTheTwin(f *testing.F) { checktest.FuzzAgree(f, subject(true), subject(false)) }
