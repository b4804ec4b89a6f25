package conservation

import "context"

// judgePresence looks, in each reading of entries, for what had certainly been
// done before the nodes settled, and for what the same node had shown.
func (j *judge) judgePresence(ctx context.Context) error {
	for i := range j.entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r := &j.entries[i]
		// Readings of accounts were marked by their numbers; these go on below
		// zero.
		mark := -int32(i) - 1
		for _, at := range r.effects {
			j.mark[at] = mark
		}
		if before, _ := j.around(r); before != nil {
			for _, at := range before.effects {
				if j.mark[at] != mark {
					j.blameVanished(&j.effects[at], before, r)
				}
			}
		}
		if r.since == none {
			continue
		}
		for at := range j.effects {
			e := &j.effects[at]
			if e.hi < r.since && j.mark[at] != mark && j.requests[e.request].tenant == r.tenant {
				j.blameLost(e, r)
			}
		}
	}
	return nil
}
