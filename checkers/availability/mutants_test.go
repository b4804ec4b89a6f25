package availability_test

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

// Without any one of its rules the comparison with the definition fails.
func TestMutantsAreCaught(t *testing.T) {
	checktest.Mutants(t, "TestAgreesWithTheTwin$", "--- FAIL", "", []checktest.Mutant{
		{Name: "time under another fault counts", File: "watch.go", Rule: "if inPlace == 0 && len(open) > 0 {", Without: "if len(open) > 0 {"},
		{Name: "time without requests counts", File: "watch.go", Rule: "if inPlace == 0 && len(open) > 0 {", Without: "if inPlace == 0 {"},
		{Name: "clients wait for ever", File: "watch.go", Rule: "delete(open, e.Process)\n\t\t\tif", Without: "if"},
		{Name: "failures are service", File: "watch.go", Rule: "if e.Outcome != history.OK {", Without: "if false {"},
		{Name: "invocations without completion wait", File: "watch.go", Rule: "if done[i] != none {", Without: "if done[i] != none || i >= 0 {"},
		{Name: "time from before the healing counts", File: "watch.go", Rule: "r.Returned, r.Back, r.Tried = true, now-r.To, tried-mark[row]", Without: "r.Returned, r.Back, r.Tried = true, now-r.To, tried"},
		{Name: "only the last healing counts", File: "watch.go", Rule: "waiting = append(waiting, row)", Without: "waiting = append(waiting[:0], row)"},
		{Name: "faults that stay are healed", File: "checker.go", Rule: "c.bound > 0 && r.Healed && r.Tried > c.bound", Without: "c.bound > 0 && r.Tried > c.bound || c.bound > 0 && !r.Healed"},
		{Name: "in time is too late", File: "checker.go", Rule: "r.Tried > c.bound", Without: "r.Tried >= c.bound"},
		{Name: "never is valid", File: "checker.go", Rule: "if !r.Returned {\n\t\t\tif r.Tried == 0", Without: "if false {\n\t\t\tif r.Tried == 0"},
		{Name: "the longest gap is the last", File: "availability.go", Rule: "longest = max(longest, times[i]-last)", Without: "longest = times[i]-last"},
		{Name: "a gap ends with the last completion", File: "availability.go", Rule: "return max(longest, to-last)", Without: "return longest"},
		{Name: "witnesses of one operation", File: "witness.go", Rule: "at < until && tried <= bound", Without: "at < until && len(calls) == 0"},
		{Name: "witnesses of the shortest", File: "witness.go", Rule: "w.ops[next].to > w.ops[best].to", Without: "w.ops[next].to < w.ops[best].to"},
	})
}
