package setfull

import (
	"fmt"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// blame adds a finding about some operations, the one to blame first. Those that
// are none are left out.
func (j *judge) blame(anomaly string, s *set, e *element, summary, remark string, ops ...int32) {
	j.found.Add(anomaly, func() verdict.Finding {
		given := ops[:0]
		for _, op := range ops {
			if op != none {
				given = append(given, op)
			}
		}
		name := words.Value(j.table.Value(e.value))
		f := judgement.Witness(s.key, j.ops, given, fmt.Sprintf(summary, name))
		if remark != "" {
			f.Steps = append(f.Steps, fmt.Sprintf(remark, name))
		}
		return f
	})
}

func (j *judge) blameUnexpected(s *set, e *element) {
	j.blame(unexpected, s, e, "%s was read and was never added", "", e.shown)
}

func (j *judge) blameFailed(s *set, e *element) {
	j.blame(failed, s, e, "%s was read though its add had failed for certain", "", e.shown, e.failed)
}

func (j *judge) blameEarly(s *set, e *element) {
	j.blame(early, s, e, "%s was read before it was added", "", e.shown, e.add)
}

func (j *judge) blameTwice(s *set, e *element) {
	j.blame(duplicated, s, e, "a read has %s more than once", "", e.twice, j.origin(e))
}

// origin returns the add that explains why an element was read, or none.
func (j *judge) origin(e *element) int32 {
	if e.add != none {
		return e.add
	}
	return e.failed
}

func (j *judge) blameLost(s *set, e *element, by int32) {
	if by == e.acked {
		j.blame(lost, s, e, "%s was acknowledged and is lost",
			"the read was called after that, and after all reads that show %s", e.lacking, by)
		return
	}
	j.blame(lost, s, e, "%s was read and is lost",
		"a later read lacks %s, and none called after that shows it", e.lacking, by, j.origin(e))
}

func (j *judge) blameStale(s *set, e *element, by int32, seen bool) {
	switch {
	case seen:
		j.blame(resurrected, s, e, "%s was read, then was not in the set, and came back",
			"%s cannot be taken out", e.lacking, e.shown, j.origin(e), e.last)
	default:
		j.blame(stale, s, e, "a read lacks %s, which had been acknowledged before the read was called", "", e.lacking, by, e.last)
	}
}
