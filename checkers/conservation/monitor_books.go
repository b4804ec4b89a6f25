package conservation

import (
	"errors"
	"fmt"
	"sort"

	"github.com/tertium-dev/tertium/harness/history"
)

// shownEntries is a reading of entries.
type shownEntries struct {
	call, ret int32
	effects   []int32
}

// waitingSums is a reading of accounts that is not judged yet.
type waitingSums struct {
	op                       history.Operation
	tenant, call, ret, since int32
	balances                 []balance
	// before and after are the readings of entries around it; after may still be
	// another one while one that was called earlier is open.
	before, after *shownEntries
}

// readEntries judges a reading of entries.
func (m *Monitor) readEntries(o *openOp) error {
	op := &o.op
	list, isList := op.Output.([]any)
	if !isList {
		return &unreadable{op.Call, errNotList}
	}
	tenant := m.tenant(op.Key)
	m.grow()
	m.readings++
	m.entries++
	r := &shownEntries{call: int32(op.Call), ret: int32(op.Return), effects: make([]int32, 0, len(list))}
	for _, element := range list {
		if err := m.readEntry(r, tenant, element); err != nil {
			return &unreadable{op.Call, err}
		}
		if m.gaveUp != nil {
			return nil
		}
	}
	m.requireShown(o, tenant, r)
	if op.Node != "" {
		here := tenantNode{op.Key, op.Node}
		if last := m.nodes[here]; last != nil {
			m.listed -= int64(len(last.effects))
		}
		m.nodes[here] = r
		m.listed += int64(len(r.effects))
	}
	if b := &m.books[tenant]; o.settled != none {
		b.entries, b.since = true, max(b.since, o.settled)
	}
	return nil
}

// readEntry finds the effect that an entry is.
func (m *Monitor) readEntry(r *shownEntries, tenant int32, element any) error {
	entry, _ := element.(map[string]any)
	operation, isOperation := entry["operation"].(string)
	key, isKey := entry["key"].(string)
	id, isID := entry["id"].(int64)
	if !isOperation || !isKey || !isID || id < 0 {
		return errNotList
	}
	moved, err := m.move(operation, tenant, entry)
	if err != nil {
		return err
	}
	name := m.tenants[tenant] + "/" + operation + "/" + key
	request, asked := m.byKey[name]
	if !asked {
		request = m.stranger(name, tenant)
		m.accuseKey(phantomEntry, name, "is in the books, a key that no operation used", int(r.call))
	}
	m.grow()
	at := m.find(request, id)
	if at == none {
		if err := m.add(moved.amount); err != nil {
			return err
		}
		at = m.enter(request, effect{id: id, move: moved, lo: never, hi: r.ret, ack: none, read: none, inRead: none})
		m.known = append(m.known, knownBy{read: never, acked: never})
		m.ascertain(at, never)
	}
	e, k := &m.effects[at], &m.known[at]
	switch {
	case e.inRead == int32(m.readings):
		m.accuse(repeatedEntry, at, "is in the books twice", int(r.call))
		return nil
	case e.move != moved:
		m.diverge(at)
		if m.gaveUp != nil {
			return nil
		}
	}
	k.read = min(k.read, r.ret)
	e.hi, e.inRead = min(e.hi, r.ret), int32(m.readings)
	r.effects = append(r.effects, at)
	if m.begun(request, e.move) >= r.ret {
		m.accuse(phantomEntry, at, "is in the books, but no attempt that began before can have made it", int(r.call))
	}
	return nil
}

// requireShown requires of a reading what was certain when the nodes settled,
// and what the node had shown.
func (m *Monitor) requireShown(o *openOp, tenant int32, r *shownEntries) {
	now := int32(m.readings)
	if o.before != nil && o.op.Node != "" {
		for _, at := range o.before.effects {
			if m.effects[at].inRead != now {
				m.accuse(lostEntry, at, "was in the books of "+o.op.Node+" and then was not", o.op.Call)
			}
		}
	}
	if o.settled == none {
		return
	}
	moments := m.books[tenant].moments
	missing := sort.Search(len(moments), func(i int) bool { return moments[i] >= o.settled })
	for _, at := range r.effects {
		if m.effects[at].hi < o.settled {
			missing--
		}
	}
	for at := range m.effects {
		if missing == 0 {
			return
		}
		if e := &m.effects[at]; e.hi < o.settled && e.inRead != now && m.requests[e.request].tenant == tenant {
			m.accuse(lostEntry, int32(at), "was acknowledged or seen, but is not in the books of "+o.op.Node, o.op.Call)
			missing--
		}
	}
}

// readAccounts takes in a reading of accounts.
func (m *Monitor) readAccounts(o *openOp) error {
	op := &o.op
	list, isList := op.Output.([]any)
	if !isList {
		return &unreadable{op.Call, errNotList}
	}
	tenant := m.tenant(op.Key)
	m.grow()
	m.accountReads++
	w := &waitingSums{tenant: tenant, call: int32(op.Call), ret: int32(op.Return), since: o.settled}
	w.op = history.Operation{Key: op.Key, Node: op.Node, Call: op.Call}
	if op.Node != "" {
		w.before = o.before
	}
	seen := make(map[int32]bool, len(list))
	for _, element := range list {
		row, _ := element.(map[string]any)
		name, isName := row["account"].(string)
		amount, isNumber := row["balance"].(int64)
		if !isName || !isNumber {
			return &unreadable{op.Call, errNotList}
		}
		account := m.account(tenant, name)
		if seen[account] {
			return &unreadable{op.Call, errors.New("it lists account " + name + " twice")}
		}
		seen[account] = true
		w.balances = append(w.balances, balance{account, amount})
		if amount < 0 {
			m.accuseAccount(negativeBalance, account, fmt.Sprintf("held %d", amount), op.Call)
		}
	}
	m.grow()
	if o.settled != none {
		m.books[tenant].accounts = true
	}
	m.waiting = append(m.waiting, w)
	if w.before != nil {
		m.listed += int64(len(w.before.effects))
	}
	return nil
}

// judgeWaiting judges the readings of accounts that now have a reading of
// entries after them.
func (m *Monitor) judgeWaiting() {
	kept := m.waiting[:0]
	for _, w := range m.waiting {
		r := m.nodes[tenantNode{w.op.Key, w.op.Node}]
		if w.op.Node != "" && r != nil && r.call > w.ret && (w.after == nil || r.call < w.after.call) {
			w.after = r
		}
		if w.after == nil || m.mayComeBetween(w) {
			kept = append(kept, w)
			continue
		}
		if off := m.unbalanced(w, false); off != none {
			m.accuseSums(w, off)
		}
		// An attempt that fails may take an excuse away.
		if m.attempting() {
			kept = append(kept, w)
		} else if w.before != nil {
			m.listed -= int64(len(w.before.effects))
		}
	}
	clear(m.waiting[len(kept):])
	m.waiting = kept
}

// mayComeBetween reports whether an open reading may turn out to be the first
// one after a reading of accounts.
func (m *Monitor) mayComeBetween(w *waitingSums) bool {
	for _, o := range m.open {
		call := int32(o.op.Call)
		if o.op.F == "entries" && o.op.Key == w.op.Key && o.op.Node == w.op.Node && call > w.ret && call < w.after.call {
			return true
		}
	}
	return false
}

// attempting reports whether some deposit or transfer is open.
func (m *Monitor) attempting() bool {
	for _, o := range m.open {
		if o.attempt != none {
			return true
		}
	}
	return false
}

// unbalanced returns an account whose balance is not the sum of its entries
// whatever came between, or none; see judgeSums. At the end each effect knows its
// lo; until then it is looked for.
func (m *Monitor) unbalanced(w *waitingSums, atEnd bool) int32 {
	for len(m.mark) < len(m.effects) {
		m.mark = append(m.mark, 0)
	}
	m.marks++
	sum := make([]int64, len(m.accounts))
	put := func(at int32) {
		if v := &m.effects[at].move; v.moves() {
			sum[v.credit] += v.amount
			if v.debit != none {
				sum[v.debit] -= v.amount
			}
		}
	}
	if w.before != nil {
		for _, at := range w.before.effects {
			m.mark[at] = m.marks
			put(at)
		}
	}
	changes := make(map[int32][]int64)
	candidate := func(at int32) {
		e := &m.effects[at]
		lo := e.lo
		switch {
		case m.mark[at] == m.marks:
			return
		case w.before == nil && e.hi < w.since:
			put(at)
			return
		case !atEnd:
			lo = m.begun(e.request, e.move)
		}
		if v := &e.move; lo < w.ret && v.moves() {
			changes[v.credit] = append(changes[v.credit], v.amount)
			if v.debit != none {
				changes[v.debit] = append(changes[v.debit], -v.amount)
			}
		}
	}
	if w.after != nil {
		for _, at := range w.after.effects {
			candidate(at)
		}
	} else {
		for at := range m.effects {
			if m.requests[m.effects[at].request].tenant == w.tenant {
				candidate(int32(at))
			}
		}
	}
	for _, b := range w.balances {
		sum[b.account] -= b.amount
	}
	for account := range int32(len(sum)) {
		if m.accountsOf[account] == w.tenant && sum[account] != 0 && !reachable(-sum[account], changes[account]) {
			return account
		}
	}
	return none
}
