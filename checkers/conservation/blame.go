package conservation

import (
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const (
	unbalanced      = "unbalanced"
	negativeBalance = "negative-balance"
	lostEntry       = "lost-entry"
	phantomEntry    = "phantom-entry"
	repeatedEntry   = "repeated-entry"
	divergentEntry  = "divergent-entry"
	balanceTooHigh  = "balance-too-high"
	balanceTooLow   = "balance-too-low"
)

func newFindings() *findings.Set {
	return findings.New(unbalanced, negativeBalance, lostEntry, phantomEntry, repeatedEntry, divergentEntry,
		balanceTooHigh, balanceTooLow)
}

// accuse adds a finding about an effect, unless there is one already.
func (j *judge) accuse(e *effect, rule rules, anomaly string, describe func() verdict.Finding) {
	if e.blamed || j.rules&rule == 0 {
		return
	}
	e.blamed = true
	j.findings.Add(anomaly, describe)
}

func (j *judge) tellAttempt(s *words.Story, at int32) {
	op := &j.ops[j.attempts[at].op]
	s.Tell(op, words.Attempt(op))
}

func (j *judge) tellEntries(s *words.Story, r *reading, shows string) {
	op := &j.ops[r.op]
	s.Tell(op, words.Read(op, "the entries of "+op.Key, shows))
}

// idem is the key under which an effect was done.
func (j *judge) idem(e *effect) string {
	if first := j.requests[e.request].first; first != none {
		return j.ops[j.attempts[first].op].Idem
	}
	return j.strangers[e.request]
}

// nameOf names an effect.
func (j *judge) nameOf(e *effect) string { return fmt.Sprintf("%s (entry %d)", j.idem(e), e.id) }

func (j *judge) blamePhantom(r *reading, key string, entry map[string]any) {
	if j.rules&rulePhantom == 0 {
		return
	}
	j.findings.Add(phantomEntry, func() verdict.Finding {
		s := words.NewStory(key).Blame(&j.ops[r.op])
		j.tellEntries(s, r, "they hold "+words.Value(entry))
		return s.Finding(fmt.Sprintf("the books hold an entry of %s, a key that no operation used", key))
	})
}

// blameUncaused is about an entry that no attempt can have made before it was
// read.
func (j *judge) blameUncaused(e *effect, at int32) {
	j.accuse(e, rulePhantom, phantomEntry, func() verdict.Finding {
		r := &j.entries[at]
		s := words.NewStory(j.idem(e)).Blame(&j.ops[r.op])
		j.tellAsked(s, e)
		j.tellEntries(s, r, fmt.Sprintf("they hold entry %d under the key", e.id))
		summary := "the books held %s before any attempt that can have made it was begun"
		if e.lo == never {
			summary = "the books hold %s, which no attempt asked for or which every attempt was told had failed: either the service or the client's classification is wrong"
		}
		return s.Finding(fmt.Sprintf(summary, j.nameOf(e)))
	})
}

func (j *judge) blameRepeated(e *effect, at int32) {
	j.accuse(e, ruleRepeated, repeatedEntry, func() verdict.Finding {
		r := &j.entries[at]
		s := words.NewStory(j.idem(e)).Blame(&j.ops[r.op])
		j.tellAsked(s, e)
		j.tellEntries(s, r, fmt.Sprintf("they hold entry %d twice", e.id))
		return s.Finding(fmt.Sprintf("the books hold %s twice", j.nameOf(e)))
	})
}

func (j *judge) blameDivergent(e *effect, at int32) {
	j.accuse(e, ruleDivergent, divergentEntry, func() verdict.Finding {
		r := &j.entries[at]
		s := words.NewStory(j.idem(e)).Blame(&j.ops[r.op])
		j.tellEntries(s, r, fmt.Sprintf("they hold entry %d with other accounts or another amount", e.id))
		j.tellProof(s, e)
		return s.Finding(fmt.Sprintf("%s is not the same in the books of %s as elsewhere", j.nameOf(e), j.ops[r.op].Node))
	})
}

// tellProof tells what says that an effect was done.
func (j *judge) tellProof(s *words.Story, e *effect) {
	if e.ack != none {
		j.tellAttempt(s, e.ack)
		return
	}
	j.tellAsked(s, e)
	j.tellEntries(s, &j.entries[e.read], fmt.Sprintf("they hold entry %d under the key", e.id))
}

// tellAsked tells of an attempt that asked for an effect, if one did.
func (j *judge) tellAsked(s *words.Story, e *effect) {
	first := j.requests[e.request].first
	for at := first; at != none; at = j.attempts[at].next {
		if a := &j.attempts[at]; a.possible && a.move == e.move {
			first = at
			break
		}
	}
	if first != none {
		j.tellAttempt(s, first)
	}
}

// blameVanished is about an entry that a node showed before and does not any
// more.
func (j *judge) blameVanished(e *effect, before, r *reading) {
	j.accuse(e, ruleVanished, lostEntry, func() verdict.Finding {
		s := words.NewStory(j.idem(e)).Blame(&j.ops[r.op])
		j.tellAsked(s, e)
		j.tellEntries(s, before, fmt.Sprintf("they hold entry %d", e.id))
		j.tellEntries(s, r, fmt.Sprintf("they do not hold entry %d", e.id))
		return s.Finding(fmt.Sprintf("%s was in the books of %s and then was not", j.nameOf(e), r.node))
	})
}

// blameLost is about an entry that a node does not show although it was certain
// when the nodes settled.
func (j *judge) blameLost(e *effect, r *reading) {
	j.accuse(e, ruleLost, lostEntry, func() verdict.Finding {
		s := words.NewStory(j.idem(e)).Blame(&j.ops[r.op])
		j.tellEntries(s, r, fmt.Sprintf("they do not hold entry %d", e.id))
		if e.ack != none && j.attempts[e.ack].ret < r.since {
			j.tellAttempt(s, e.ack)
			return s.Finding(fmt.Sprintf("%s was acknowledged, but is not in the books of %s", j.nameOf(e), r.node))
		}
		j.tellAsked(s, e)
		j.tellEntries(s, &j.entries[e.read], fmt.Sprintf("they hold entry %d under the key", e.id))
		return s.Finding(fmt.Sprintf("%s was in the books, but is not in those of %s", j.nameOf(e), r.node))
	})
}

func (j *judge) blameNegative(op, account int32, amount int64) {
	if j.rules&ruleNegative == 0 {
		return
	}
	j.findings.Add(negativeBalance, func() verdict.Finding {
		o := &j.ops[op]
		s := words.NewStory(j.accounts[account]).Tell(o, words.Attempt(o)).Blame(o)
		return s.Finding(fmt.Sprintf("account %s held %d", j.accounts[account], amount))
	})
}

// mostProofs is up to how many effects of an account a story tells of each.
const mostProofs = 8

// blameSums is about balances that are not the sums of their entries. late are
// effects that were asked for only after the balances had been read.
func (s *sums) blameSums(r, before, after *reading, off, present, late []int32, between int) {
	total := int64(0)
	for account := range int32(len(s.accounts)) {
		if s.accountsOf[account] == r.tenant {
			total += s.told[account] - s.sum[account]
		}
	}
	sense := ""
	switch {
	case between > 0:
		// What is under way may be in some balances, so the total says nothing.
	case total > 0:
		sense = fmt.Sprintf(", and all balances together are %d more than was deposited: money was made", total)
	case total < 0:
		sense = fmt.Sprintf(", and all balances together are %d less than was deposited: money was lost", -total)
	default:
		sense = ", though all balances together are what was deposited"
	}
	s.findings.Add(unbalanced, func() verdict.Finding {
		account := off[0]
		op := &s.ops[r.op]
		story := words.NewStory(s.accounts[account]).Blame(op)
		story.Tell(op, words.Read(op, "the accounts of "+op.Key,
			fmt.Sprintf("%s holds %d", s.accounts[account], s.told[account])))
		for _, entries := range []*reading{before, after} {
			if entries != nil {
				s.tellEntries(story, entries, fmt.Sprintf("the entries of %s add up to %d",
					s.accounts[account], s.entriesOf(entries, account)))
			}
		}
		for _, at := range late {
			s.tellAsked(story, &s.effects[at])
		}
		var remarks []string
		if before == nil {
			certain := slices.DeleteFunc(slices.Clone(present), func(at int32) bool {
				return s.effects[at].move.on(account) == 0
			})
			if len(certain) <= mostProofs {
				for _, at := range certain {
					s.tellProof(story, &s.effects[at])
				}
			}
			remarks = append(remarks, fmt.Sprintf("the %d effects on %s that were certain when the nodes settled add up to %d",
				len(certain), s.accounts[account], s.sum[account]))
		}
		if between > 0 {
			remarks = append(remarks, fmt.Sprintf("%d effects may have come in between, but no choice of them makes up the difference", between))
		}
		return story.Finding(fmt.Sprintf("at %s account %s holds %d, but its entries add up to %d%s",
			op.Node, s.accounts[account], s.told[account], s.sum[account], sense), remarks...)
	})
}

// entriesOf adds up the entries of an account.
func (j *judge) entriesOf(r *reading, account int32) int64 {
	sum := int64(0)
	for _, at := range r.effects {
		sum += j.effects[at].move.on(account)
	}
	return sum
}

func (j *judge) blameUpper(t *told, credits, high int64) {
	j.findings.Add(balanceTooHigh, func() verdict.Finding {
		op := &j.ops[t.op]
		s := words.NewStory(j.accounts[t.account]).Tell(op, words.Attempt(op)).Blame(op)
		j.tellCertain(s, t, false)
		return s.Finding(
			fmt.Sprintf("%s was told to hold %d, but can have held %d at most", j.accounts[t.account], t.balance, high),
			fmt.Sprintf("at most %d can have been credited by then, and at least %d had certainly been debited", credits, t.debits-min(t.own, 0)))
	})
}

func (j *judge) blameLower(t *told, debits, low int64) {
	j.findings.Add(balanceTooLow, func() verdict.Finding {
		op := &j.ops[t.op]
		s := words.NewStory(j.accounts[t.account]).Tell(op, words.Attempt(op)).Blame(op)
		j.tellCertain(s, t, true)
		return s.Finding(
			fmt.Sprintf("%s was told to hold %d, but must have held %d at least", j.accounts[t.account], t.balance, low),
			fmt.Sprintf("at least %d had certainly been credited, and at most %d can have been debited by then", t.credits+max(t.own, 0), debits))
	})
}

// lastCertain is how many of the effects before a balance its story tells of.
const lastCertain = 2

// tellCertain tells of the latest effects that a balance must have in it:
// credits, or else debits.
func (j *judge) tellCertain(s *words.Story, t *told, credits bool) {
	var last []*effect
	for i := range j.effects {
		e := &j.effects[i]
		on := e.move.on(t.account)
		if e.hi >= t.from || on == 0 || credits != (on > 0) || e.ack == none {
			continue
		}
		last = append(last, e)
		for k := len(last) - 1; k > 0 && last[k].hi > last[k-1].hi; k-- {
			last[k], last[k-1] = last[k-1], last[k]
		}
		last = last[:min(len(last), lastCertain)]
	}
	if credits {
		last = enough(last, t)
	}
	for _, e := range last {
		j.tellAttempt(s, e.ack)
	}
}

// enough returns those of some credits without which a balance would not be too
// low, if they are enough for that.
func enough(credits []*effect, t *told) []*effect {
	sum := max(t.own, 0)
	for _, e := range credits {
		sum += e.move.on(t.account)
	}
	return slices.DeleteFunc(credits, func(e *effect) bool {
		on := e.move.on(t.account)
		if sum-on <= t.balance {
			return false
		}
		sum -= on
		return true
	})
}
