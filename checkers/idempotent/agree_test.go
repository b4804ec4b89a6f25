package idempotent

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func check(h *history.History, options ...Option) verdict.Report {
	return checkBy(h, allRules, options...)
}

// checkBy judges by some of the rules, from the history and from its columns, if
// it has any. Both must give the same report.
func checkBy(h *history.History, r rules, options ...Option) verdict.Report {
	c := New(options...)
	c.rules = r
	report := c.Check(context.Background(), h, verdict.Budget{})
	if view, err := columns.Of(h); err == nil {
		again := c.CheckColumns(context.Background(), view, verdict.Budget{})
		if !reflect.DeepEqual(report, again) {
			panic(fmt.Sprintf("another report from columns:\n%+v\n%+v", report, again))
		}
	}
	return report
}

// excuses are attempts that a counterexample shows because they might explain
// it, and do not.
func excuses(f *verdict.Finding, op *history.Operation) bool {
	return f.Anomaly == phantomEffect && op.Idem != ""
}

func TestAgreesWithTheTwin(t *testing.T) {
	agree := func(strong bool, options ...Option) func(*testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			checktest.Agree(t, checktest.Subject{
				Histories: 40_000,
				Random:    dense,
				Possible:  func(h *history.History) bool { return newTwin(h, strong).possible() },
				Check: func(h *history.History, some uint32) verdict.Report {
					return checkBy(h, rules(some), options...)
				},
				Rules:   uint32(allRules &^ (ruleExpiry | ruleTotals)),
				Excuses: excuses,
			})
		}
	}
	t.Run("local reads", agree(false))
	t.Run("strong reads", agree(true, StrongReads()))
}
