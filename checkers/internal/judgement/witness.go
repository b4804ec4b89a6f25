package judgement

import (
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// told is how many operations of a counterexample are put into words. Few need
// more; those that do consist of many that are alike.
const told = 24

// Witness describes a counterexample of some operations, given in any order and
// perhaps more than once, of which the first is to blame. What it tells of an
// operation is its attempt and its answer.
func Witness(key string, ops []history.Operation, at []int32, summary string, remarks ...string) verdict.Finding {
	f := verdict.Finding{Key: key, Summary: summary, Culprit: -1}
	if len(at) > 0 {
		f.Culprit = ops[at[0]].Call
	}
	at = slices.Clone(at)
	slices.Sort(at)
	at = slices.Compact(at)
	for n, i := range at {
		f.Operations = append(f.Operations, ops[i].Call)
		if n < told {
			f.Steps = append(f.Steps, words.Attempt(&ops[i]))
		}
	}
	if len(at) > told {
		f.Steps = append(f.Steps, fmt.Sprintf("and so on: %d more operations", len(at)-told))
	}
	f.Steps = append(f.Steps, remarks...)
	return f
}
