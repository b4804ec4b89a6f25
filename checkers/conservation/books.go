package conservation

import (
	"context"
	"errors"

	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
)

// reading is one read-back of the entries or of the accounts of a tenant.
type reading struct {
	op        int32
	tenant    int32
	node      string
	call, ret int32
	// since is the moment at which the nodes had last settled, or none.
	since int32
	// effects are what a reading of entries shows.
	effects []int32
	// broken is true of a reading of entries that shows an effect twice, or not
	// as it was, so that sums over it mean nothing.
	broken bool
	// balances are what a reading of accounts shows.
	balances []balance
}

// balance is what an account was said to hold.
type balance struct {
	account int32
	amount  int64
}

var errNotList = errors.New("the value is no list of objects with the fields that it should have")

// readBooks takes in all read-backs that are ok.
func (j *judge) readBooks(ctx context.Context, points settled.Points) error {
	for i := range j.ops {
		op := &j.ops[i]
		if op.Outcome != history.OK || op.F != "entries" && op.F != "accounts" {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r := reading{
			op: int32(i), tenant: j.tenant(op.Key), node: op.Node, call: int32(op.Call), ret: int32(op.Return),
			since: int32(points.Before(op.Call)),
		}
		list, isList := op.Output.([]any)
		err := errNotList
		switch {
		case !isList:
		case op.F == "entries":
			j.entries = append(j.entries, r)
			err = j.readEntries(int32(len(j.entries)-1), list)
		default:
			err = j.readAccounts(&r, list)
			j.accountReads = append(j.accountReads, r)
		}
		if err != nil {
			return &unreadable{op.Call, err}
		}
	}
	return nil
}

// readEntries finds the effect that each entry is.
func (j *judge) readEntries(at int32, list []any) error {
	r := &j.entries[at]
	r.effects = make([]int32, 0, len(list))
	var name []byte
	for _, element := range list {
		entry, _ := element.(map[string]any)
		operation, isOperation := entry["operation"].(string)
		key, isKey := entry["key"].(string)
		id, isID := entry["id"].(int64)
		if !isOperation || !isKey || !isID || id < 0 {
			return errNotList
		}
		m, err := j.move(operation, r.tenant, entry)
		if err != nil {
			return err
		}
		name = append(append(name[:0], j.tenants[r.tenant]...), '/')
		name = append(append(name, operation...), '/')
		name = append(name, key...)
		request, known := j.byKey[string(name)]
		if !known {
			request = j.stranger(string(name), r.tenant)
			j.blamePhantom(r, string(name), entry)
		}
		if err := j.show(at, request, id, m); err != nil {
			return err
		}
	}
	return nil
}

// show files one entry of a reading.
func (j *judge) show(at, request int32, id int64, m move) error {
	r := &j.entries[at]
	known := j.find(request, id)
	if known == none {
		if err := j.add(m.amount); err != nil {
			return err
		}
		known = j.enter(request, effect{
			id: id, move: m, lo: j.begun(request, m), hi: never, ack: none, read: none, inRead: none,
			blamed: j.requests[request].first == none,
		})
	}
	e := &j.effects[known]
	switch {
	case e.inRead == at:
		r.broken = true
		j.blameRepeated(e, at)
		return nil
	case e.move != m:
		r.broken = true
		j.blameDivergent(e, at)
	}
	if e.lo >= r.ret {
		// It is blamed, and for the rest taken for what the books say, done at any
		// time, so that it is not blamed on the balances too.
		j.blameUncaused(e, at)
		e.lo = 0
	}
	e.hi = min(e.hi, r.ret)
	if e.read == none || r.ret < j.entries[e.read].ret {
		e.read = at
	}
	e.inRead = at
	r.effects = append(r.effects, known)
	return nil
}

// readAccounts takes in the balances of a tenant.
func (j *judge) readAccounts(r *reading, list []any) error {
	r.balances = make([]balance, 0, len(list))
	seen := make(map[int32]bool, len(list))
	for _, element := range list {
		row, _ := element.(map[string]any)
		name, isName := row["account"].(string)
		amount, isNumber := row["balance"].(int64)
		if !isName || !isNumber {
			return errNotList
		}
		account := j.account(r.tenant, name)
		if seen[account] {
			return errors.New("it lists account " + name + " twice")
		}
		seen[account] = true
		r.balances = append(r.balances, balance{account, amount})
		if amount < 0 {
			j.blameNegative(r.op, account, amount)
		}
	}
	return nil
}
