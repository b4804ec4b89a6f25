package ledger

import (
	"iter"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness/plan"
)

// twins are pairs of equal requests that two workers make: at the same moment,
// or the second a while later, as by someone who clicks again. When the service
// is slow, the first is still being done by then.
type twins struct {
	name  string
	delay time.Duration
	// percent is their share of all operations.
	percent int
}

var twinKinds = []twins{
	{"twin", 0, 3},
	{"again60", 60 * time.Millisecond, 4},
	{"again120", 120 * time.Millisecond, 2},
	{"again250", 250 * time.Millisecond, 1},
}

// allTwins makes pairs of all kinds, and says what their share is.
func allTwins() (g plan.Generator, percent int) {
	var all []plan.Generator
	for _, kind := range twinKinds {
		// Two generators a pair, because each must be in order of time.
		all = append(all, kind.side(0), plan.After(kind.delay, kind.side(1)))
		percent += kind.percent
	}
	return plan.Merge(all...), percent
}

// side makes the first (0) or the second (1) of each pair. Both sides and all
// workers draw from one stream here, each from its own copy of it, so that they
// agree on the pairs.
func (t twins) side(which int) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		return func(yield func(plan.Op) bool) {
			workers := int64(scope.Config.Workers)
			if workers < 2 {
				return
			}
			b := newBank(scope.Config)
			r := plan.NewStream(scope.Seed, "twins", t.name)
			slot := 2 * 100 * time.Second / time.Duration(t.percent*max(1, scope.Config.Rate))
			for n := int64(0); ; n++ {
				at := time.Duration(n)*slot + time.Duration(r.Below(int64(slot)))
				one := r.Below(workers)
				other := (one + 1 + r.Below(workers-1)) % workers
				q := b.request(r, transfer, "")
				if int64(scope.Worker) != [...]int64{one, other}[which] {
					continue
				}
				q.key = t.name + "-" + strconv.FormatInt(n, 10)
				op := q.op()
				op.At = at
				if !yield(op) {
					return
				}
			}
		}
	}
}
