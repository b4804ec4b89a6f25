package conservation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// doubt is a balance that was told and cannot be called right yet. It is that of
// the account at one moment after from and before to; see told. For the reply to
// a request, whose effect it is, from is that effect's lo.
type doubt struct {
	effect, account int32
	balance, own    int64
	from, to, call  int32
	// high and low are how much more must be known to have been added, and to
	// have been taken, before it is right whatever follows.
	high, low int64
}

// doubts are those that are kept.
type doubts struct {
	// byAccount are in order of to; late are those about the past.
	byAccount map[int32][]doubt
	late      []doubt
	count     int
}

func (d *doubts) add(one doubt) {
	if one.high > 0 || one.low > 0 {
		d.byAccount[one.account] = append(d.byAccount[one.account], one)
		d.count++
	}
}

// resolve takes in what is now known to have been moved, after some event.
func (d *doubts) resolve(v *move, after int32) {
	d.resolveFor(v.credit, v.amount, 0, after)
	if v.debit != none {
		d.resolveFor(v.debit, 0, v.amount, after)
	}
}

func (d *doubts) resolveFor(account int32, added, taken int64, after int32) {
	list := d.byAccount[account]
	first := sort.Search(len(list), func(i int) bool { return list[i].to > after })
	kept := list[:first]
	for _, one := range list[first:] {
		one.high, one.low = one.high-added, one.low-taken
		if one.high > 0 || one.low > 0 {
			kept = append(kept, one)
		} else {
			d.count--
		}
	}
	if len(kept) < len(list) {
		d.byAccount[account] = kept
	}
}

// monitorFindings are what a monitor found.
type monitorFindings struct {
	set *findings.Set
	// violated is true once there is one that nothing can take back.
	violated bool
	// passing is true while those are looked for that may be.
	passing bool
}

func (f *monitorFindings) add(anomaly string, describe func() verdict.Finding) {
	f.violated = f.violated || !f.passing
	f.set.Add(anomaly, describe)
}

func (m *Monitor) accuse(anomaly string, at int32, what string, ops ...int) {
	m.findings.add(anomaly, func() verdict.Finding {
		e := &m.effects[at]
		if first := m.requests[e.request].first; first != none {
			ops = append(ops, int(m.attempts[first].call))
		}
		if e.ack != none {
			ops = append(ops, int(m.attempts[e.ack].call))
		}
		name := m.nameOf(e.request)
		return found(name, fmt.Sprintf("%s (entry %d) %s", name, e.id, what), ops)
	})
}

// nameOf returns the key of a request. It looks through all, because few are
// ever asked for.
func (m *Monitor) nameOf(request int32) string {
	for name, id := range m.byKey {
		if id == request {
			return name
		}
	}
	return m.strangers[request]
}

func (m *Monitor) accuseKey(anomaly, key, what string, op int) {
	m.findings.add(anomaly, func() verdict.Finding { return found(key, key+" "+what, []int{op}) })
}

func (m *Monitor) accuseAccount(anomaly string, account int32, what string, op int) {
	m.findings.add(anomaly, func() verdict.Finding {
		return found(m.accounts[account], fmt.Sprintf("account %s %s", m.accounts[account], what), []int{op})
	})
}

func (m *Monitor) accuseSums(w *waitingSums, account int32) {
	m.accuseAccount(unbalanced, account, "does not hold what its entries add up to at "+w.op.Node, w.op.Call)
}

func found(key, summary string, ops []int) verdict.Finding {
	slices.Sort(ops)
	return verdict.Finding{Key: key, Summary: summary, Operations: slices.Compact(ops), Culprit: -1}
}

// Report judges what was observed so far, as if nothing followed. It takes time
// in proportion to the keys.
func (m *Monitor) Report() verdict.Report {
	report := verdict.Report{
		Checker:  m.Name(),
		Property: "money is neither made nor lost: every balance is the sum of its entries, at every node alike",
		Method:   "sums over what is certain, compared with each event as it came",
		Judged:   len(m.attempts) + m.entries + m.accountReads,
	}
	all := m.findings.set
	var misread *unreadable
	switch {
	case errors.As(m.misread, &misread):
		report.Cause = misread.Error()
		return report
	case !m.findings.violated && m.gaveUp == nil:
		all = m.atEnd()
	}
	report.Findings = all.Sorted()
	report.Figures = append([]verdict.Figure{
		{Name: "requests", Value: float64(len(m.requests))},
		{Name: "balances in doubt", Value: float64(m.doubts.count), Unit: "ops"},
	}, all.Figures()...)
	switch {
	case len(report.Findings) > 0:
		report.Verdict, report.Cause = verdict.Invalid, report.Findings[0].Summary
	case m.gaveUp != nil:
		report.Cause = "monitoring was ended early: " + m.gaveUp.Error()
	default:
		report.Verdict, report.Cause = m.conclude()
	}
	return report
}

// conclude says whether a history without a finding was judged as a whole.
func (m *Monitor) conclude() (verdict.Verdict, string) {
	if len(m.attempts) == 0 {
		return verdict.Unknown, "no deposit or transfer was invoked"
	}
	done := 0
	for tenant := range m.books {
		b := &m.books[tenant]
		done += len(b.moments)
		if len(b.moments) > 0 && !(b.entries && b.accounts) {
			return verdict.Unknown, fmt.Sprintf("the entries and accounts of %s were not both read back after the nodes had settled", m.tenants[tenant])
		}
	}
	if done == 0 {
		return verdict.Unknown, "no deposit or transfer was acknowledged or seen in the books, so there was nothing to judge"
	}
	return verdict.Valid, fmt.Sprintf("%d requests and %d effects: all balances can have been", len(m.requests), done)
}

// atEnd judges what is still waiting, if nothing follows, and returns what it
// found.
func (m *Monitor) atEnd() *findings.Set {
	kept := m.findings
	m.findings = monitorFindings{set: newFindings(), passing: true}
	count := len(m.effects)
	for at := range m.effects {
		e := &m.effects[at]
		e.lo = m.begun(e.request, e.move)
	}
	m.proposeAll()
	for _, w := range m.waiting {
		if off := m.unbalanced(w, true); off != none {
			m.accuseSums(w, off)
		}
	}
	m.judgeDoubts()
	for at := range m.effects[count:] {
		m.requests[m.effects[count+at].request].effect = none
	}
	m.effects = m.effects[:count]
	passing := m.findings.set
	m.findings = kept
	return passing
}

// proposeAll adds what each request without a known effect may have done; see
// ledger.propose.
func (m *Monitor) proposeAll() {
	for id := range m.requests {
		r := &m.requests[id]
		if r.effect != none || m.refused[id] {
			continue
		}
		for at := r.first; at != none; at = m.attempts[at].next {
			if a := &m.attempts[at]; a.possible && !m.proposed(int32(id), a.move) {
				m.enter(int32(id), effect{
					id: noID, move: a.move, lo: max(a.call, m.books[r.tenant].since), hi: never, ack: none, read: none, inRead: none,
				})
			}
		}
	}
}

// judgeDoubts compares balances that were told with all effects; see
// judgeBalances.
func (m *Monitor) judgeDoubts() {
	if m.doubts.count == 0 {
		return
	}
	accounts := make(map[int32]*steps)
	all := slices.Clone(m.doubts.late)
	for _, list := range m.doubts.byAccount {
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b doubt) int { return cmp.Compare(a.call, b.call) })
	for i := range all {
		accounts[all[i].account] = &steps{}
	}
	for at := range m.effects {
		e := &m.effects[at]
		if !e.move.moves() || e.lo >= e.hi {
			continue
		}
		if s := accounts[e.move.credit]; s != nil {
			s.add(e, e.move.amount, 0)
		}
		if s := accounts[e.move.debit]; s != nil {
			s.add(e, 0, e.move.amount)
		}
	}
	for _, s := range accounts {
		s.begun.sum()
		s.done.sum()
	}
	for i := range all {
		d := &all[i]
		if d.effect != none {
			e := &m.effects[d.effect]
			if e.lo >= e.hi {
				continue
			}
			d.from = e.lo
		}
		m.judgeDoubt(d, accounts[d.account])
	}
}

func (m *Monitor) judgeDoubt(d *doubt, s *steps) {
	certain, possible := s.done.before(d.from), s.begun.before(d.to)
	high := possible.credits - certain.debits + min(d.own, 0)
	low := max(0, certain.credits-possible.debits+max(d.own, 0))
	switch {
	case d.balance > high && m.rules&ruleUpper != 0:
		m.accuseAccount(balanceTooHigh, d.account, fmt.Sprintf("was told to hold %d, but can have held %d at most", d.balance, high), int(d.call))
	case d.balance < low && m.rules&ruleLower != 0:
		m.accuseAccount(balanceTooLow, d.account, fmt.Sprintf("was told to hold %d, but must have held %d at least", d.balance, low), int(d.call))
	}
}

// steps are the movements on an account by when they may have been made and by
// when they certainly were.
type steps struct{ begun, done staircase }

func (s *steps) add(e *effect, added, taken int64) {
	s.begun = append(s.begun, step{e.lo, added, taken})
	if e.hi != never {
		s.done = append(s.done, step{e.hi, added, taken})
	}
}

// step is what was moved at an event or, once summed up, until then.
type step struct {
	event           int32
	credits, debits int64
}

type staircase []step

// sum puts the steps in order and adds them up.
func (s staircase) sum() {
	slices.SortFunc(s, func(a, b step) int { return cmp.Compare(a.event, b.event) })
	for i := 1; i < len(s); i++ {
		s[i].credits += s[i-1].credits
		s[i].debits += s[i-1].debits
	}
}

// before is what was moved before an event.
func (s staircase) before(event int32) step {
	if at := sort.Search(len(s), func(i int) bool { return s[i].event >= event }); at > 0 {
		return s[at-1]
	}
	return step{}
}
