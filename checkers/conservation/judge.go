package conservation

import (
	"context"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
)

// judge decides about one history.
type judge struct {
	*ledger
	// entries and accountReads are the read-backs, in order of call.
	entries, accountReads []reading
	rules                 rules
	findings              *findings.Set
	events                int
	counts                counts
	// mark is scratch memory: by effect, what it was marked with last.
	mark []int32
}

// counts are for the report.
type counts struct {
	balances, exact, told int
}

// newJudge takes in a history's operations. With an error it returns what it
// found until then.
func newJudge(ctx context.Context, ops []history.Operation, events int, points settled.Points, r rules) (*judge, error) {
	j := &judge{ledger: newLedger(ops), rules: r, findings: newFindings(), events: events}
	for i := range ops {
		if i%pollEvery == 0 && ctx.Err() != nil {
			return j, ctx.Err()
		}
		if isMutation(&ops[i]) {
			if err := j.ask(i); err != nil {
				return j, err
			}
		}
	}
	for at := range j.attempts {
		if ops[j.attempts[at].op].Outcome == history.OK {
			if err := j.acknowledge(int32(at)); err != nil {
				return j, err
			}
		}
	}
	if err := j.readBooks(ctx, points); err != nil {
		return j, err
	}
	since := make([]int32, len(j.tenants))
	for i := range since {
		since[i] = none
	}
	for i := range j.entries {
		r := &j.entries[i]
		since[r.tenant] = max(since[r.tenant], r.since)
	}
	j.propose(since)
	return j, nil
}

// pollEvery is how many steps are taken between two looks at the context.
const pollEvery = 1 << 15

// all judges everything, what tells most first.
func (j *judge) all(ctx context.Context) error {
	j.mark = make([]int32, len(j.effects))
	if err := j.judgeSums(ctx); err != nil {
		return err
	}
	if err := j.judgePresence(ctx); err != nil {
		return err
	}
	return j.judgeBalances(ctx)
}
