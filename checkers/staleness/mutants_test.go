package staleness

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

// Without any one of its rules the comparison with the definition fails.
func TestMutantsAreCaught(t *testing.T) {
	checktest.Mutants(t, "TestAgreesWithTheTwin$|TestOf$", "--- FAIL", "", []checktest.Mutant{
		{Name: "a zone ends with its latest return", File: "register.go", Rule: "op.Return < c.there {\n\t\t\tc.there, c.first = op.Return, op.End", Without: "false {\n\t\t\tc.there, c.first = op.Return, op.End"},
		{Name: "reads do not prolong a zone", File: "register.go", Rule: "if op.Call > c.last {", Without: "if false {"},
		{Name: "values may be read before they are written", File: "register.go", Rule: "if !c.written || c.call > op.Return {", Without: "if !c.written {"},
		{Name: "values may come from nowhere", File: "register.go", Rule: "if !c.written || c.call > op.Return {", Without: "if c.call > op.Return && c.call != endless {"},
		{Name: "what failed was written", File: "register.go", Rule: "if op.Outcome == history.Fail {", Without: "if false {"},
		{Name: "a value may be written twice", File: "register.go", Rule: "if c.written {\n\t\tg.skipped = true", Without: "if false {\n\t\tg.skipped = true"},
		{Name: "the first zone is as good as all before", File: "measure.go", Rule: "latest[i+1] = max(latest[i], z.last)", Without: "latest[i+1] = z.last"},
		{Name: "backward zones may lie in forward ones", File: "measure.go", Rule: "if z.last <= z.first {", Without: "if z.last <= z.first && i < 0 {"},
		{Name: "reads are shifted beyond their write", File: "measure.go", Rule: "int64(max(c.start, c.final-time.Duration(by)))", Without: "int64(c.final-time.Duration(by))"},
		{Name: "nothing is shifted", File: "measure.go", Rule: "c.final-time.Duration(by)", Without: "c.final"},
		{Name: "the lower bound counts writes not yet there", File: "measure.go", Rule: "done[next].there < r.ops[read.op].Call", Without: "done[next].call < r.ops[read.op].Call"},
		{Name: "the lower bound counts writes from before", File: "measure.go", Rule: "before := sort.SearchInts(calls, g.clusters[read.cluster].there+1)", Without: "before := 0"},
		{Name: "the upper bound counts no writes", File: "measure.go", Rule: "k = max(k, 1+to-from)", Without: "k = max(k, 1+0*(to-from))"},
	})
}
