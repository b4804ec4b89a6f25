package core

import (
	"crypto/sha256"
	"fmt"
)

// Op is what a command does.
type Op uint8

const (
	// Write sets the register Account to Amount.
	Write Op = iota + 1
	// CompareAndSet sets the register Account to Amount if it holds Old.
	CompareAndSet
	// Deposit adds Amount to Account.
	Deposit
	// Transfer moves Amount from Account to To.
	Transfer
)

// String returns the operation's name, which is part of the scope of its
// idempotency key.
func (o Op) String() string {
	switch o {
	case Write:
		return "write"
	case CompareAndSet:
		return "cas"
	case Deposit:
		return "deposit"
	case Transfer:
		return "transfer"
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Command is a change of the state, as it stands in the log.
type Command struct {
	Op Op
	// Tenant owns the accounts; it is empty for registers.
	Tenant string
	// Key is the idempotency key. Deposits and transfers have one; registers
	// may.
	Key string
	// Account is the account credited by a deposit or debited by a transfer,
	// or the register. To is the account credited by a transfer.
	Account, To string
	// Amount is the amount, or the register's new value.
	Amount int64
	// Old is what a compare-and-set expects; OldNone that it expects a register
	// that was never written.
	Old     int64
	OldNone bool
	// Time is when the proposer took the request, in nanoseconds since 1970.
	Time int64

	// step and recorded belong to planted bugs; see [Bugs].
	step     step
	recorded Result
}

// scope is the name under which the command's key is remembered.
func (c Command) scope() string {
	return c.Tenant + "\x00" + c.Op.String() + "\x00" + c.Key
}

// fingerprint identifies the payload of a request beside its key. It is taken
// over the decoded fields, so that the order of fields in JSON does not matter.
type fingerprint [16]byte

func (c Command) fingerprint() fingerprint {
	e := make(encoder, 0, 64)
	e.byte(byte(c.Op))
	e.string(c.Account)
	e.string(c.To)
	e.int(c.Amount)
	e.int(c.Old)
	e.bool(c.OldNone)
	sum := sha256.Sum256(e)
	return fingerprint(sum[:16])
}

// proposal is a command with the request that it answers: the node and the
// incarnation of it that took the request, and the request's number there.
type proposal struct {
	node, incarnation, request uint64
	command                    Command
}

// encode returns the data of a log entry. The first byte is never zero and
// stands for the version of the form.
func (p proposal) encode() []byte {
	e := make(encoder, 0, 96)
	e.byte(1)
	e.uint(p.node)
	e.uint(p.incarnation)
	e.uint(p.request)
	c := p.command
	e.byte(byte(c.Op))
	e.string(c.Tenant)
	e.string(c.Key)
	e.string(c.Account)
	e.string(c.To)
	e.int(c.Amount)
	e.int(c.Old)
	e.bool(c.OldNone)
	e.int(c.Time)
	e.byte(byte(c.step))
	if c.step == stepRecord {
		c.recorded.encode(&e)
	}
	return e
}

func decodeProposal(data []byte) (proposal, error) {
	d := decoder{rest: data}
	if version := d.byte(); d.err == nil && version != 1 {
		return proposal{}, fmt.Errorf("log entry of form %d, want 1", version)
	}
	var p proposal
	p.node = d.uint()
	p.incarnation = d.uint()
	p.request = d.uint()
	c := &p.command
	c.Op = Op(d.byte())
	c.Tenant = d.string()
	c.Key = d.string()
	c.Account = d.string()
	c.To = d.string()
	c.Amount = d.int()
	c.Old = d.int()
	c.OldNone = d.bool()
	c.Time = d.int()
	c.step = step(d.byte())
	if c.step == stepRecord {
		c.recorded = decodeResult(&d)
	}
	if err := d.end(); err != nil {
		return proposal{}, fmt.Errorf("log entry: %w", err)
	}
	if c.Op < Write || c.Op > Transfer || c.step > stepCredit {
		return proposal{}, fmt.Errorf("log entry: no such operation: %d, step %d", c.Op, c.step)
	}
	return p, nil
}
