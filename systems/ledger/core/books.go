package core

import (
	"maps"
	"slices"
	"sort"
)

// Entry is one effect in the books of a tenant.
type Entry struct {
	// ID is unique in the service and grows with the log.
	ID int64
	Op Op
	// Key is the idempotency key under which it was done.
	Key string
	// Account, To and Amount are those of the command.
	Account, To string
	Amount      int64
}

// Account is an account with what it holds.
type Account struct {
	Name    string
	Balance int64
}

// books are the accounts and the effects of one tenant.
type books struct {
	balances map[string]int64
	entries  []Entry
}

func newBooks() *books {
	return &books{balances: make(map[string]int64)}
}

// accounts returns up to limit accounts whose names follow after, by name, and
// whether there are more.
func (b *books) accounts(after string, limit int) (page []Account, more bool) {
	names := slices.Sorted(maps.Keys(b.balances))
	from, found := slices.BinarySearch(names, after)
	if found {
		from++
	}
	names = names[from:]
	if len(names) > limit {
		names, more = names[:limit], true
	}
	for _, name := range names {
		page = append(page, Account{Name: name, Balance: b.balances[name]})
	}
	return page, more
}

// entriesAfter returns up to limit entries whose numbers are above after, and
// whether there are more. The entries must not be changed.
func (b *books) entriesAfter(after int64, limit int) (page []Entry, more bool) {
	from := sort.Search(len(b.entries), func(i int) bool { return b.entries[i].ID > after })
	page = b.entries[from:]
	if len(page) > limit {
		page, more = page[:limit], true
	}
	return page[:len(page):len(page)], more
}

func (b *books) encode(e *encoder) {
	e.uint(uint64(len(b.balances)))
	for _, name := range slices.Sorted(maps.Keys(b.balances)) {
		e.string(name)
		e.int(b.balances[name])
	}
	e.uint(uint64(len(b.entries)))
	for _, entry := range b.entries {
		e.int(entry.ID)
		e.byte(byte(entry.Op))
		e.string(entry.Key)
		e.string(entry.Account)
		e.string(entry.To)
		e.int(entry.Amount)
	}
}

func decodeBooks(d *decoder) *books {
	b := newBooks()
	for n := d.count(); n > 0 && d.err == nil; n-- {
		name := d.string()
		b.balances[name] = d.int()
	}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		b.entries = append(b.entries, Entry{
			ID:      d.int(),
			Op:      Op(d.byte()),
			Key:     d.string(),
			Account: d.string(),
			To:      d.string(),
			Amount:  d.int(),
		})
	}
	return b
}
