package idempotent

import (
	"context"
	"iter"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// ledgerColumns are the operations of a ledger in columns, read as [Ledger]
// reads them. It compares numbers in place of values.
type ledgerColumns struct {
	*columns.Columns
	proofs   []proof
	attempts int
	// keys has the key of each idem, plus one, and index finds them by name.
	keys  []int32
	index idemIndex
	// refusals has what each error says, plus one, once somebody asked.
	refusals []Refusal
	// first has the first attempt under each idem, plus one.
	first []int32
	// readBacks is the function of read-backs, or none.
	readBacks int64
	// requests has the fields of each function that replies and effects repeat,
	// or nil.
	requests [][]uint32
	names    fieldNames
	gaveUp   map[int32]int
	ledgerFacts
	await func() error
}

// fieldNames are the numbers of the names of fields, or one that no value has.
type fieldNames struct{ id, operation, key, tenant uint32 }

var _ source = (*ledgerColumns)(nil)

// newLedgerColumns begins to read columns, their books if they are wanted.
func newLedgerColumns(ctx context.Context, view *columns.Columns, books bool) *ledgerColumns {
	l := &ledgerColumns{
		Columns:   view,
		proofs:    make([]proof, view.Operations()),
		keys:      make([]int32, view.Idems.Len()),
		refusals:  make([]Refusal, view.Errors.Len()),
		first:     make([]int32, view.Idems.Len()),
		index:     idemIndex{names: &view.Idems},
		readBacks: none,
		requests:  make([][]uint32, view.Functions.Len()),
	}
	if f, known := view.Functions.Find("entries"); known {
		l.readBacks = int64(f)
	}
	for op, idem := range view.Idem {
		if idem != 0 {
			l.attempts++
		}
		if l.first[idem] == 0 {
			l.first[idem] = int32(op) + 1
		}
	}
	l.findFields()
	l.await = l.readFacts(ctx, books)
	for i, event := range view.Events {
		if event == columns.Other {
			continue
		}
		if p := &l.proofs[event>>1]; event&1 == 0 {
			*p = proof{call: int32(i), ret: never, outcome: view.Outcome[event>>1], attempt: view.Idem[event>>1] != 0}
		} else {
			p.ret = int32(i)
		}
	}
	return l
}

// findFields finds the numbers of the names of fields.
func (l *ledgerColumns) findFields() {
	numbers := map[string]uint32{"id": 0, "operation": 0, "key": 0, "tenant": 0}
	for f := range l.requests {
		for _, field := range ledgerFields(l.Functions.At(uint32(f))) {
			numbers[field] = 0
		}
	}
	for name := range numbers {
		numbers[name] = uint32(l.Values.Len())
	}
	found := 0
	for id := range uint32(l.Values.Len()) {
		if found == len(numbers) {
			break
		}
		if l.Values.Kind(id) != columns.String {
			continue
		}
		text, _ := l.Values.Text(id)
		if len(text) > len("operation") {
			continue
		}
		if number, wanted := numbers[text]; wanted && number == uint32(l.Values.Len()) {
			numbers[text] = id
			found++
		}
	}
	for f := range l.requests {
		for _, field := range ledgerFields(l.Functions.At(uint32(f))) {
			l.requests[f] = append(l.requests[f], numbers[field])
		}
	}
	l.names = fieldNames{id: numbers["id"], operation: numbers["operation"], key: numbers["key"], tenant: numbers["tenant"]}
}

func (l *ledgerColumns) ready() error { return l.await() }

func (l *ledgerColumns) len() int { return len(l.proofs) }

func (l *ledgerColumns) sizes() (attempts, keys int) { return l.attempts, l.Idems.Len() - 1 }

func (l *ledgerColumns) proof(op int32) proof { return l.proofs[op] }

func (l *ledgerColumns) at(op int32) *history.Operation {
	o := l.brief(op)
	o.Input, o.Output = l.Values.At(l.In[op]), l.Values.At(l.Out[op])
	return o
}

func (l *ledgerColumns) brief(op int32) *history.Operation {
	p := l.proofs[op]
	o := &history.Operation{
		Process: int(l.Processes[l.Process[op]]),
		F:       l.Functions.At(l.F[op]),
		Key:     l.Keys.At(l.Key[op]),
		Idem:    l.idem(op),
		Node:    l.Nodes.At(l.Node[op]),
		Outcome: p.outcome,
		Error:   l.Errors.At(l.Error[op]),
		Call:    int(p.call),
		Return:  int(p.ret),
		Start:   l.Time(int(p.call)),
		Phase:   l.Phases.At(l.Phase[op]),
	}
	switch {
	case p.ret != never:
		o.End = l.Time(o.Return)
		return o
	case l.gaveUp == nil:
		l.gaveUp = make(map[int32]int)
		ends, next := l.GaveUp(), 0
		for op := range l.proofs {
			if l.proofs[op].outcome == history.Unknown {
				l.gaveUp[int32(op)] = ends[next]
				next++
			}
		}
	}
	o.Return, o.End = history.Never, o.Start
	if end := l.gaveUp[op]; end >= 0 {
		o.End = l.Time(end)
	}
	return o
}

func (l *ledgerColumns) keyOf(op, next int32) (id int32, known bool) {
	key := &l.keys[l.Idem[op]]
	if known = *key != 0; !known {
		*key = next + 1
	}
	return *key - 1, known
}

func (l *ledgerColumns) find(idem []byte) (id int32, known bool) {
	number, known := l.index.find(idem)
	if !known || l.keys[number] == 0 {
		return none, false
	}
	return l.keys[number] - 1, true
}

func (l *ledgerColumns) idem(op int32) string { return l.Idems.At(l.Idem[op]) }

func (l *ledgerColumns) scope(op int32) string { return ledgerScope(l.idem(op)) }

func (l *ledgerColumns) refusal(op int32) Refusal {
	known := &l.refusals[l.Error[op]]
	if *known == 0 {
		*known = ledgerRefusal(&history.Operation{Error: l.Errors.At(l.Error[op])}) + 1
	}
	return *known - 1
}

// field returns a field among the members of an object, and whether it is one.
func field(members []uint32, name uint32) (uint32, bool) {
	for i := 0; i+1 < len(members); i += 2 {
		if members[i] == name {
			return members[i+1], true
		}
	}
	return uint32(columns.Nil), false
}

// members are those of an object; other values have none.
func (l *ledgerColumns) members(value uint32) []uint32 {
	members, _ := l.Values.Members(value)
	return members
}

func (l *ledgerColumns) ident(value uint32) ident {
	if kind := l.Values.Kind(value); kind == columns.Int || kind == columns.String {
		return ident(value)
	}
	return noID
}

func (l *ledgerColumns) reply(op int32) told {
	r := told{id: l.told[op]}
	if l.foreign[op] {
		r.foreign = ledgerReply(l.at(op)).Foreign
	}
	return r
}

func (l *ledgerColumns) samePayload(a, b int32) bool { return l.F[a] == l.F[b] && l.In[a] == l.In[b] }
func (l *ledgerColumns) sameOutput(a, b int32) bool  { return l.Out[a] == l.Out[b] }
func (l *ledgerColumns) sameStable(a, b int32) bool  { return l.Out[a] == l.Out[b] }

func (l *ledgerColumns) books(op int32) (scope string, shown iter.Seq2[*shownEffect, error], count int) {
	if int64(l.F[op]) != l.readBacks {
		return "", nil, 0
	}
	scope = l.Keys.At(l.Key[op])
	entries, ok := l.Values.Elements(l.Out[op])
	if !ok {
		return scope, func(yield func(*shownEffect, error) bool) { yield(&shownEffect{}, errNotBooks) }, 0
	}
	return scope, func(yield func(*shownEffect, error) bool) {
		buffer := append(append(make([]byte, 0, 128), scope...), '/')
		e := new(shownEffect)
		for _, value := range entries {
			*e = shownEffect{key: none, value: value}
			var err error
			if !l.shows(e, l.Key[op]) {
				members := l.members(value)
				id, _ := field(members, l.names.id)
				e.id = l.ident(id)
				if e.idem, err = l.nameOf(buffer, members); err == nil {
					e.key, _ = l.find(e.idem)
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}, len(entries)
}

// nameOf appends to the scope in a buffer which request an entry is of.
func (l *ledgerColumns) nameOf(buffer []byte, entry []uint32) ([]byte, error) {
	first, _ := field(entry, l.names.operation)
	second, _ := field(entry, l.names.key)
	operation, isOperation := l.Values.Text(first)
	key, isKey := l.Values.Text(second)
	if !isOperation || !isKey {
		return nil, errNotEntry
	}
	buffer = append(append(buffer, operation...), '/')
	return append(buffer, key...), nil
}

func (l *ledgerColumns) fits(e *shownEffect, attempt int32) bool {
	in, entry := l.members(l.In[attempt]), l.members(e.value)
	if names := l.requests[l.F[attempt]]; names != nil {
		for _, name := range names {
			got, _ := field(entry, name)
			if asked, _ := field(in, name); got != asked {
				return false
			}
		}
		return true
	}
	for i := 0; i < len(in); i += 2 {
		if got, _ := field(entry, in[i]); got != in[i+1] && in[i] != l.names.tenant {
			return false
		}
	}
	return true
}

func (l *ledgerColumns) entry(e *shownEffect) any { return l.Values.At(e.value) }

func (l *ledgerColumns) identities() int { return l.Values.Len() }

func (l *ledgerColumns) identify(id ident) any { return l.Values.At(uint32(id)) }
