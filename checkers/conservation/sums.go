package conservation

import (
	"context"
	"maps"
	"slices"
)

// judgeSums compares each reading of accounts with the effects that the same
// node had done by then.
//
// Accounts and entries are read by separate calls, and each comes in pages, so
// that an effect may come between. But a node's books only grow: whatever a
// reading of entries showed that returned before the accounts were asked for is
// in every balance, and whatever is missing from one that was called after they
// were told is in none. Each effect between these two may be in one balance and
// not yet in another. Where the two readings show the same, as they do when
// nothing is under way any more, every balance is known exactly.
//
// Without the reading before, what was certain when the nodes settled takes its
// place; without the one after, whatever can have been done by then.
func (j *judge) judgeSums(ctx context.Context) error {
	s := sums{judge: j, sum: make([]int64, len(j.accounts)), told: make([]int64, len(j.accounts))}
	for i := range j.accountReads {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r := &j.accountReads[i]
		before, after := j.around(r)
		if before != nil && before.broken || after != nil && after.broken {
			continue // its sum is no sum of effects, for which it is blamed
		}
		s.compare(int32(i)+1, r, before, after)
	}
	return nil
}

// around returns the latest reading of entries at the node of a read-back that
// returned before it was called, and the earliest that was called after it
// returned. Either may be nil.
func (j *judge) around(r *reading) (before, after *reading) {
	for i := range j.entries {
		e := &j.entries[i]
		if e.tenant != r.tenant || e.node != r.node || e.node == "" {
			continue
		}
		if e.ret < r.call && (before == nil || e.ret > before.ret) {
			before = e
		}
		if e.call > r.ret && (after == nil || e.call < after.call) {
			after = e
		}
	}
	return before, after
}

// sums compares balances with entries, with scratch memory by account.
type sums struct {
	*judge
	sum, told []int64
}

// compare judges one reading of accounts. mark is a number of its own.
func (s *sums) compare(mark int32, r, before, after *reading) {
	present, between := s.standing(mark, r, before, after)
	for _, at := range present {
		m := &s.effects[at].move
		if m.moves() {
			s.sum[m.credit] += m.amount
			if m.debit != none {
				s.sum[m.debit] -= m.amount
			}
		}
	}
	for _, b := range r.balances {
		s.told[b.account] = b.amount
	}
	var off []int32
	for account := range int32(len(s.accounts)) {
		if s.accountsOf[account] != r.tenant {
			continue
		}
		s.counts.balances++
		if s.told[account] != s.sum[account] {
			off = append(off, account)
		} else {
			s.counts.exact++
		}
	}
	s.explain(r, before, after, off, present, between)
	for account := range s.sum {
		s.sum[account], s.told[account] = 0, 0
	}
}

// standing returns the effects that are in every balance of a reading of
// accounts, and those that may be in some.
func (s *sums) standing(mark int32, r, before, after *reading) (present, between []int32) {
	if before != nil {
		present = before.effects
		for _, at := range present {
			s.mark[at] = mark
		}
	}
	candidate := func(at int32) {
		e := &s.effects[at]
		switch {
		case s.mark[at] == mark:
		case before == nil && e.hi < r.since:
			present = append(present, at)
		case e.lo < r.ret:
			between = append(between, at)
		}
	}
	if after != nil {
		for _, at := range after.effects {
			candidate(at)
		}
		return present, between
	}
	for at := range s.effects {
		if s.requests[s.effects[at].request].tenant == r.tenant {
			candidate(int32(at))
		}
	}
	return present, between
}

// explain blames the accounts whose difference no choice of the effects between
// can make up.
func (s *sums) explain(r, before, after *reading, off, present, between []int32) {
	if len(off) == 0 || s.rules&ruleSums == 0 {
		return
	}
	changes := make(map[int32][]int64)
	for _, account := range off {
		changes[account] = nil
	}
	for _, at := range between {
		m := &s.effects[at].move
		for _, account := range []int32{m.debit, m.credit} {
			if list, wanted := changes[account]; wanted && m.moves() {
				changes[account] = append(list, m.on(account))
			}
		}
	}
	off = slices.DeleteFunc(off, func(account int32) bool {
		return reachable(s.told[account]-s.sum[account], changes[account])
	})
	if len(off) > 0 {
		late := s.tooLate(r, after, off[0], s.told[off[0]]-s.sum[off[0]], changes[off[0]])
		s.blameSums(r, before, after, off, present, late, len(between))
	}
}

// tooLate returns effects that a reading of entries shows after the accounts were
// read and that would make up the difference had they not been asked for later
// than that, each of which is needed to say that nothing does.
func (s *sums) tooLate(r, after *reading, account int32, difference int64, changes []int64) []int32 {
	if after == nil {
		return nil
	}
	var late []int32
	for _, at := range after.effects {
		if e := &s.effects[at]; e.lo >= r.ret && e.move.moves() && e.move.on(account) != 0 {
			late = append(late, at)
		}
	}
	// without are the changes that there would be without what is told of some.
	without := func(told []int32) []int64 {
		all := slices.Clone(changes)
		for _, at := range late {
			if !slices.Contains(told, at) {
				all = append(all, s.effects[at].move.on(account))
			}
		}
		return all
	}
	told := slices.Clone(late)
	for i := 0; i < len(told) && len(late) <= fewChanges; {
		rest := slices.Delete(slices.Clone(told), i, i+1)
		if reachable(difference, without(rest)) {
			i++
		} else {
			told = rest
		}
	}
	return told[:min(len(told), fewChanges)]
}

// fewChanges is up to how many changes all choices among them are tried.
const fewChanges = 14

// reachable reports whether some of the changes add up to the difference. Where
// there are too many to try, it says so of all that lies between their lowest
// and their highest sum.
func reachable(difference int64, changes []int64) bool {
	low, high := int64(0), int64(0)
	for _, change := range changes {
		low, high = low+min(change, 0), high+max(change, 0)
	}
	if difference < low || difference > high {
		return false
	}
	if len(changes) > fewChanges {
		return true
	}
	reached := map[int64]bool{0: true}
	for _, change := range changes {
		for _, sum := range slices.Collect(maps.Keys(reached)) {
			reached[sum+change] = true
		}
	}
	return reached[difference]
}
