package longfork_test

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/longfork"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func FuzzCheck(f *testing.F) {
	checktest.Fuzz(f, func(h *history.History) verdict.Report {
		return longfork.Checker{}.Check(context.Background(), h, verdict.Budget{})
	}, "txn", "read", "write")
}

func FuzzAgreesWithTheTwin(f *testing.F) { checktest.FuzzAgree(f, subject()) }
