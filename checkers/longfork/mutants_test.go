package longfork_test

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

// Without any one of its rules the comparison with the definition fails.
func TestMutantsAreCaught(t *testing.T) {
	checktest.Mutants(t, "TestAgreesWithTheTwin$|TestCheck$", "--- FAIL", "", []checktest.Mutant{
		{Name: "one saw more", File: "judge.go", Rule: "if missed >= 0 {", Without: "if missed >= 0 && more < 0 {"},
		{Name: "reads in the order of their calls", File: "judge.go", Rule: "return cmp.Compare(a.count, b.count)", Without: "return 0 * cmp.Compare(a.count, b.count)"},
		{Name: "groups of any keys", File: "transactions.go", Rule: "name := fmt.Sprint(keys)", Without: "name := \"\"\n\tfor len(r.values) < 4 {\n\t\tkeys, r.values = append(keys, keys[0]), append(r.values, none)\n\t}"},
		{Name: "keys may be written again", File: "transactions.go", Rule: "if k.writes > 1 {", Without: "if false {"},
		{Name: "keys may hold two values", File: "transactions.go", Rule: "if k.value != none && k.value != value {", Without: "if false {"},
		{Name: "writes among reads are none", File: "transactions.go", Rule: "for _, m := range asked {\n\t\t\tif m.write {", Without: "for _, m := range asked {\n\t\t\tif m.write && len(asked) == 1 {"},
		{Name: "the first read of a key counts", File: "transactions.go", Rule: "if i+1 < len(told) && told[i+1].key == m.key {", Without: "if i > 0 && told[i-1].key == m.key {"},
		{Name: "unanswered reads saw nothing", File: "transactions.go", Rule: "if op.Outcome != history.OK || ", Without: "if op.Outcome == history.Fail || "},
		{Name: "groups of any size", File: "transactions.go", Rule: "if b.size > 0 && len(keys) != b.size {", Without: "if false {"},
	})
}
