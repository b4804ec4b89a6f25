package stats_test

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

// Without any one of its rules the comparison with the definition fails.
func TestMutantsAreCaught(t *testing.T) {
	checktest.Mutants(t, "TestAgreesWithCounting$|TestQuantilesAreNearestRank$|TestCountsByPhaseFunctionAndOutcome$", "--- FAIL", "", []checktest.Mutant{
		{Name: "failures have a latency", File: "count.go", Rule: "at.fail++", Without: "at.fail++\n\t\tat.latency = append(at.latency, op.End-op.Start)"},
		{Name: "timeouts are latencies", File: "count.go", Rule: "at.waited = append(", Without: "at.latency = append("},
		{Name: "unknown outcomes are failures", File: "count.go", Rule: "at.unknown++", Without: "at.fail++"},
		{Name: "ranks are rounded down", File: "quantiles.go", Rule: "int64(permille) + 999) / 1000", Without: "int64(permille)) / 1000"},
		{Name: "parts are not added up", File: "quantiles.go", Rule: "n += sort.Search", Without: "n = sort.Search"},
		{Name: "phases run together", File: "count.go", Rule: "c.phases = append(c.phases, Phase{Name: e.F, From: e.Time})", Without: "_ = e"},
		{Name: "untested functions are valid", File: "checker.go", Rule: "row.OK == 0 {", Without: "false {"},
	})
}
