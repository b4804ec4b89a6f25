package core_test

import (
	"fmt"
	"math"
	"reflect"

	"github.com/anishathalye/porcupine"

	"github.com/tertium-dev/tertium/systems/ledger/core"
)

// judge says which promise a run that came to rest did not keep.
func (s *sim) judge() error {
	for _, check := range []func() error{s.sameBooks, s.oneEffect, s.oneReply, s.conserved, s.linearizable} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// sameBooks: all nodes have the same books.
func (s *sim) sameBooks() error {
	for _, tenant := range tenants {
		accounts, entries := s.books(s.nodes[0], tenant)
		for _, n := range s.nodes[1:] {
			otherAccounts, otherEntries := s.books(n, tenant)
			if !reflect.DeepEqual(accounts, otherAccounts) || !reflect.DeepEqual(entries, otherEntries) {
				return fmt.Errorf("nodes 1 and %d hold different books", n.id)
			}
		}
	}
	return nil
}

// scope is that in which a key has one effect and one reply.
func scope(tenant string, op core.Op, key string) string {
	return tenant + "/" + op.String() + "/" + key
}

// keyed are the attempts under a key that were answered by what became of it.
func (s *sim) keyed() (answered []*attempt) {
	for _, a := range s.history.attempts {
		if a.command.Key != "" && a.result != nil && a.result.Code != core.NoLeader && a.result.Code != core.InFlight {
			answered = append(answered, a)
		}
	}
	return answered
}

// oneEffect: each key is in the books at most once, and with just the payload
// that a client was told of.
func (s *sim) oneEffect() error {
	effects := map[string]core.Entry{}
	for _, tenant := range tenants {
		_, entries := s.books(s.nodes[0], tenant)
		for _, e := range entries {
			name := scope(tenant, e.Op, e.Key)
			if _, twice := effects[name]; twice {
				return fmt.Errorf("%s took effect twice", name)
			}
			effects[name] = e
		}
	}
	for _, a := range s.keyed() {
		c := a.command
		name := scope(c.Tenant, c.Op, c.Key)
		e, found := effects[name]
		if a.result.Code == core.OK && (!found || e.Account != c.Account || e.To != c.To || e.Amount != c.Amount) {
			return fmt.Errorf("%s was acknowledged for %+v; the books have %+v", name, c, e)
		}
	}
	return nil
}

// oneReply: each key has one reply, but for other payloads, which are refused.
func (s *sim) oneReply() error {
	replies := map[string]core.Result{}
	for _, a := range s.keyed() {
		name := scope(a.command.Tenant, a.command.Op, a.command.Key)
		reply := *a.result
		reply.Replayed = false
		if reply.Code == core.Conflict {
			continue
		}
		if first, known := replies[name]; known && first != reply {
			return fmt.Errorf("%s was answered with %+v and with %+v", name, first, reply)
		}
		replies[name] = reply
	}
	return nil
}

// conserved: the accounts hold what the books say.
func (s *sim) conserved() error {
	for _, tenant := range tenants {
		accounts, entries := s.books(s.nodes[0], tenant)
		for _, e := range entries {
			if e.Op == core.Transfer {
				accounts[e.Account] += e.Amount
				accounts[e.To] -= e.Amount
			} else {
				accounts[e.Account] -= e.Amount
			}
		}
		for name, rest := range accounts {
			if rest != 0 {
				return fmt.Errorf("account %s/%s holds %d that no entry explains", tenant, name, rest)
			}
		}
	}
	return nil
}

// registerOp is an operation of the model, with what it returned.
type registerOp struct {
	read, cas  bool
	value, old int64
	oldNone    bool
}

// registerState is the value, or none.
type registerState struct {
	value   int64
	written bool
}

var registerModel = porcupine.Model{
	Init: func() any { return registerState{} },
	Step: func(state, input, output any) (bool, any) {
		now, op, result := state.(registerState), input.(registerOp), output.(*core.Result)
		holds := result != nil && result.None == !now.written && (result.None || result.Value == now.value)
		switch {
		case op.read:
			return holds, now
		case op.cas:
			met := now.written == !op.oldNone && (op.oldNone || now.value == op.old)
			if result != nil && met != (result.Code == core.OK) || result != nil && !met && !holds {
				return false, now
			}
			if !met {
				return true, now
			}
		}
		return true, registerState{value: op.value, written: true}
	},
}

// linearizable: some order explains what was seen of each register.
func (s *sim) linearizable() error {
	histories := map[string][]porcupine.Operation{}
	for i, a := range s.history.attempts {
		op, register := registerOp{value: a.command.Amount}, a.command.Account
		switch {
		case a.query != nil:
			op.read, register = true, a.query.Account
		case a.command.Op == core.CompareAndSet:
			op.cas, op.old, op.oldNone = true, a.command.Old, a.command.OldNone
		case a.command.Op != core.Write:
			continue
		}
		if a.result == nil && op.read || a.result != nil && a.result.Code == core.NoLeader {
			continue
		}
		operation := porcupine.Operation{ClientId: i, Input: op, Call: int64(a.called), Output: a.result, Return: math.MaxInt64}
		if a.result != nil {
			operation.Return = int64(a.done)
		}
		histories[register] = append(histories[register], operation)
	}
	for register, history := range histories {
		if !porcupine.CheckOperations(registerModel, history) {
			return fmt.Errorf("register %s is not linearizable", register)
		}
	}
	return nil
}
