package conservation

import (
	"context"
	"errors"

	"github.com/tertium-dev/tertium/harness/history"
)

// told is a balance that an operation was told. It was that of the account at
// one moment after from and before to.
type told struct {
	op       int32
	account  int32
	balance  int64
	from, to int32
	// own is what the operation's own effect added to the account, which is in
	// the balance for certain.
	own int64
	// credits and debits are what certainly had been added and taken at from.
	credits, debits int64
}

// judgeBalances compares each balance that was told with what the account can
// have held at that time: no more than all credits that may have been made by
// then less all debits that certainly had been, and no less than the reverse,
// nor than nothing.
//
// It goes through the events once, with four running sums for each account.
func (j *judge) judgeBalances(ctx context.Context) error {
	tellings, err := j.tellings()
	if len(tellings) == 0 || err != nil {
		return err
	}
	begun, done := newIndex(j.events), newIndex(j.events)
	for at := range j.effects {
		e := &j.effects[at]
		if e.move.moves() && e.lo < e.hi {
			begun.add(e.lo, at)
			done.add(e.hi, at)
		}
	}
	from, to := newIndex(j.events), newIndex(j.events)
	for at := range tellings {
		from.add(tellings[at].from, at)
		to.add(tellings[at].to, at)
	}
	// possible and certain are what was added to and taken from each account.
	possible, certain := newFlow(len(j.accounts)), newFlow(len(j.accounts))
	for event := range int32(j.events) {
		if event%pollEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for at := range from.at(event) {
			t := &tellings[at]
			t.credits, t.debits = certain.credits[t.account], certain.debits[t.account]
		}
		for at := range to.at(event) {
			t := &tellings[at]
			j.counts.told++
			j.bound(t, possible.credits[t.account], possible.debits[t.account])
		}
		for at := range begun.at(event) {
			possible.add(&j.effects[at].move)
		}
		for at := range done.at(event) {
			certain.add(&j.effects[at].move)
		}
	}
	return nil
}

// bound compares a balance with the credits and debits that may have been made
// by then. Among these is the operation's own effect, if it has one.
func (j *judge) bound(t *told, credits, debits int64) {
	high := credits - t.debits + min(t.own, 0)
	low := max(0, t.credits-debits+max(t.own, 0))
	switch {
	case t.balance < 0:
		j.blameNegative(t.op, t.account, t.balance)
	case t.balance > high && j.rules&ruleUpper != 0:
		j.blameUpper(t, credits, high)
	case t.balance < low && j.rules&ruleLower != 0:
		j.blameLower(t, debits, low)
	}
}

// tellings returns every balance that was told to an operation.
func (j *judge) tellings() ([]told, error) {
	var all []told
	for i := range j.ops {
		op := &j.ops[i]
		if op.F != "balance" || op.Outcome != history.OK {
			continue
		}
		balance, isNumber := op.Output.(int64)
		if !isNumber {
			return nil, &unreadable{op.Call, errBalance}
		}
		all = append(all, told{
			op: int32(i), account: j.accountOfKey(op.Key), balance: balance, from: int32(op.Call), to: int32(op.Return),
		})
	}
	for i := range j.effects {
		e := &j.effects[i]
		if e.ack == none || e.lo >= e.hi {
			continue
		}
		a := &j.attempts[e.ack]
		output, _ := j.ops[a.op].Output.(map[string]any)
		balance, isNumber := output["balance"].(int64)
		if !isNumber {
			return nil, &unreadable{j.ops[a.op].Call, errBalance}
		}
		account := e.move.debit
		if account == none {
			account = e.move.credit
		}
		all = append(all, told{op: a.op, account: account, balance: balance, from: e.lo, to: e.hi, own: e.move.on(account)})
	}
	return all, nil
}

var errBalance = errors.New("it was told no balance")

// flow is what was added to and taken from each account.
type flow struct {
	credits, debits []int64
}

func newFlow(accounts int) flow {
	return flow{make([]int64, accounts), make([]int64, accounts)}
}

func (f *flow) add(m *move) {
	f.credits[m.credit] += m.amount
	if m.debit != none {
		f.debits[m.debit] += m.amount
	}
}
