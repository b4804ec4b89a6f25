package core

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// State is what the log's commands lead to. Equal logs give equal states.
type State struct {
	registers map[string]int64
	tenants   map[string]*books
	keys      keyTable
	keyTTL    time.Duration
	// clock is the latest time that a command was stamped with.
	clock int64
	// effects numbers the entries of all books.
	effects int64
	bugs    Bugs
	// encoded is how long the state was when it was last encoded.
	encoded int
}

// NewState returns the state before any command. Keys are forgotten keyTTL
// after their command was applied.
func NewState(keyTTL time.Duration, bugs Bugs) *State {
	return &State{
		registers: make(map[string]int64),
		tenants:   make(map[string]*books),
		keys:      newKeyTable(),
		keyTTL:    keyTTL,
		bugs:      bugs,
	}
}

// Apply does a command and returns its result.
func (s *State) Apply(c Command) Result {
	s.clock = max(s.clock, c.Time)
	s.keys.expire(s.clock, s.keyTTL)
	if c.step != stepWhole {
		return s.applyStep(c)
	}
	return s.applyWhole(c)
}

func (s *State) applyWhole(c Command) Result {
	if c.Key == "" || s.bugs.NoDedupe || s.bugs.DedupeInMemory {
		return s.execute(c)
	}
	scope := s.scope(c)
	if known := s.keys.find(scope); known != nil && !s.bugs.ConcurrentDuplicates {
		return s.replay(known, c)
	}
	result := s.execute(c)
	s.keys.put(&keyRecord{scope: scope, payload: c.fingerprint(), at: s.clock, result: result})
	return result
}

// replay answers a command whose key is known.
func (s *State) replay(known *keyRecord, c Command) Result {
	if known.payload != c.fingerprint() && !s.bugs.KeyAnyPayload {
		return Result{Code: Conflict}
	}
	result := known.result
	result.Replayed = true
	if s.bugs.ReplayDiffers && result.Code == OK {
		result.Balance = s.books(c.Tenant).balances[result.Account]
	}
	return result
}

func (s *State) scope(c Command) string {
	if s.bugs.KeyNotScopedByTenant {
		c.Tenant = ""
	}
	return c.scope()
}

// execute has the effect of a command, whatever its key.
func (s *State) execute(c Command) Result {
	switch c.Op {
	case Write:
		s.registers[c.Account] = c.Amount
		return Result{Account: c.Account, Value: c.Amount}
	case CompareAndSet:
		if seen := s.compare(c); seen.Code != OK {
			return seen
		}
		s.registers[c.Account] = c.Amount
		return Result{Account: c.Account, Value: c.Amount}
	case Deposit:
		return s.deposit(c)
	case Transfer:
		return s.transfer(c)
	}
	panic(fmt.Sprintf("command with %v passed the decoder", c.Op))
}

// compare says whether a register holds what a compare-and-set expects.
func (s *State) compare(c Command) Result {
	value, written := s.registers[c.Account]
	if written == c.OldNone || written && value != c.Old {
		return Result{Code: Mismatch, Account: c.Account, Value: value, None: !written}
	}
	return Result{}
}

func (s *State) deposit(c Command) Result {
	books := s.books(c.Tenant)
	balance, fits := add(books.balances[c.Account], c.Amount)
	if !fits {
		return Result{Code: BalanceLimit}
	}
	books.balances[c.Account] = balance
	return s.enter(books, c, balance)
}

func (s *State) transfer(c Command) Result {
	books := s.books(c.Tenant)
	if books.balances[c.Account] < c.Amount {
		return Result{Code: InsufficientFunds}
	}
	if _, fits := add(books.balances[c.To], c.Amount); !fits && c.To != c.Account {
		return Result{Code: BalanceLimit}
	}
	books.balances[c.Account] -= c.Amount
	if c.step != stepDebit {
		books.balances[c.To] += c.Amount
	}
	balance := books.balances[c.Account]
	return s.enter(books, c, balance)
}

// enter writes an effect into the books.
func (s *State) enter(b *books, c Command, balance int64) Result {
	s.effects++
	b.entries = append(b.entries, Entry{
		ID: s.effects, Op: c.Op, Key: c.Key, Account: c.Account, To: c.To, Amount: c.Amount,
	})
	return Result{ID: s.effects, Account: c.Account, To: c.To, Amount: c.Amount, Balance: balance}
}

// books returns those of a tenant, opening them if need be.
func (s *State) books(tenant string) *books {
	b := s.tenants[tenant]
	if b == nil {
		b = newBooks()
		s.tenants[tenant] = b
	}
	return b
}

// add returns a+b for b ≥ 0, and whether it fits.
func add(a, b int64) (int64, bool) {
	sum := a + b
	return sum, sum >= a
}

// snapshotForm is the version of the form of an encoded state.
const snapshotForm = 1

// Encode returns the state as bytes. Equal states have equal bytes.
func (s *State) Encode() []byte {
	e := make(encoder, 0, s.encoded+s.encoded/2+1<<12)
	e.byte(snapshotForm)
	e.int(s.clock)
	e.int(s.effects)
	e.uint(uint64(len(s.registers)))
	for _, name := range slices.Sorted(maps.Keys(s.registers)) {
		e.string(name)
		e.int(s.registers[name])
	}
	e.uint(uint64(len(s.tenants)))
	for _, name := range slices.Sorted(maps.Keys(s.tenants)) {
		e.string(name)
		s.tenants[name].encode(&e)
	}
	keys := s.keys
	if s.bugs.DedupeLostInSnapshot {
		keys = newKeyTable()
	}
	keys.encode(&e)
	s.encoded = len(e)
	return e
}

// DecodeState returns the state that Encode made bytes of. No bytes are the
// state before any command.
func DecodeState(data []byte, keyTTL time.Duration, bugs Bugs) (*State, error) {
	s := NewState(keyTTL, bugs)
	if len(data) == 0 {
		return s, nil
	}
	d := decoder{rest: data}
	if form := d.byte(); form != snapshotForm {
		return nil, fmt.Errorf("snapshot of form %d, want %d", form, snapshotForm)
	}
	s.clock = d.int()
	s.effects = d.int()
	for n := d.count(); n > 0 && d.err == nil; n-- {
		name := d.string()
		s.registers[name] = d.int()
	}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		name := d.string()
		s.tenants[name] = decodeBooks(&d)
	}
	s.keys = decodeKeyTable(&d)
	if err := d.end(); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return s, nil
}
