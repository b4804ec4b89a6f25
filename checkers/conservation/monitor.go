package conservation

import (
	"fmt"
	"math"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Monitor judges as a [Checker] does, while the events come in. Make one with
// [NewMonitor].
//
// It keeps the operations that are open; of each attempt what it moves, and of
// each effect when it was certain; the last reading of entries of each node; and
// what cannot be decided yet. That is some 280 bytes a key. Keys cannot be dropped
// before the end, because the last read-backs are about all of them. One core
// takes about 600,000 events or a million entries a second (see BenchmarkMonitor).
//
// Entries are judged as they are read. What a reading must show was certain
// before it was called, and which attempts began before it returned is known by
// then, though not yet which of these fail. A reading of accounts is judged once
// the next one of entries is complete, or at the end.
//
// A balance that was told must lie between sums over what certainly was done by
// some moment and what may have been. Later events only show more of what was
// done, so that a balance which lies between the sums over what is certain on
// either side is right whatever follows, and forgotten at once. Others wait until
// what they need was acknowledged. What still waits at the end is compared with
// all effects. So nothing that was told is a violation before the end: until
// then a second effect may come to light that explains it.
type Monitor struct {
	*ledger
	settled []string
	rules   rules
	memory  int64

	open map[int]*openOp
	// one is where the operation at hand is, for ledger.
	one  [1]history.Operation
	last int32
	// known is parallel to effects, refused to requests and books to tenants.
	known   []knownBy
	refused []bool
	books   []tenantBooks
	nodes   map[tenantNode]*shownEntries
	// certain is what was certainly added to and taken from each account.
	certain flow
	doubts  doubts
	waiting []*waitingSums
	mark    []int32
	marks   int32

	readings, entries, accountReads int
	// listed is how many effects the readings hold that are kept.
	listed   int64
	findings monitorFindings
	misread  error
	gaveUp   error
}

// openOp is an operation that has not completed.
type openOp struct {
	op history.Operation
	// attempt is its number if it is a deposit or a transfer, or none.
	attempt int32
	// settled is when the nodes had last settled before it.
	settled int32
	// before is what its node had shown last, if it reads books.
	before *shownEntries
	// credits and debits are what certainly had been added to and taken from the
	// account of which it will be told.
	credits, debits int64
}

// knownBy says how an effect is known.
type knownBy struct {
	// read is the first return of a reading that showed it, or never.
	read int32
	// acked is the earliest call of an attempt that was told of it, or never: it
	// says what the effect is.
	acked int32
}

// tenantBooks are the books of a tenant.
type tenantBooks struct {
	// moments are those at which its effects were certain, ascending.
	moments []int32
	// since is the last settling before a reading of entries, or none.
	since int32
	// entries and accounts are true once they were read after the nodes settled.
	entries, accounts bool
}

type tenantNode struct{ tenant, node string }

// monitorMemory is how many bytes a monitor may hold on to by default.
const monitorMemory = 1 << 30

// NewMonitor returns a monitor with the options of a checker. Past the memory of
// the budget, by default 1 GiB, it is unknown; time it has as long as there are
// events. It is unknown from the first operation on that cannot be read, and if a
// key was acknowledged for two payloads as one effect in a way that only the
// whole history can judge.
func NewMonitor(budget verdict.Budget, options ...Option) *Monitor {
	c := New(options...)
	m := &Monitor{
		ledger: newLedger(nil), settled: c.settled, rules: c.rules, memory: budget.Memory,
		open: make(map[int]*openOp), last: none, nodes: make(map[tenantNode]*shownEntries),
		doubts: doubts{byAccount: make(map[int32][]doubt)}, findings: monitorFindings{set: newFindings()},
	}
	m.ops = m.one[:]
	if m.memory <= 0 {
		m.memory = monitorMemory
	}
	return m
}

// Name is "conservation".
func (*Monitor) Name() string { return "conservation" }

// Observe takes the next event of the history. It reports whether the events so
// far are a violation whatever follows, if it can be read.
func (m *Monitor) Observe(e *history.Event) (violated bool) {
	if m.gaveUp != nil || m.misread != nil {
		return m.findings.violated
	}
	if e.Index >= math.MaxInt32-1 {
		m.giveUp(fmt.Errorf("the history has more than %d events; cut it in parts", e.Index))
		return m.findings.violated
	}
	switch e.Kind {
	case history.Invoke:
		m.invoke(e)
	case history.Complete:
		m.complete(e)
	case history.Phase:
		if e.Error == "" && slices.Contains(m.settled, e.F) {
			m.last = int32(e.Index)
		}
	}
	if m.held() > m.memory {
		m.giveUp(fmt.Errorf("%d keys take more than %d MB of memory; allow it more", len(m.requests), m.memory>>20))
	}
	return m.findings.violated
}

// What each record takes, with its places in lists and maps.
const (
	bytesPerRequest = 96
	bytesPerAttempt = 40
	bytesPerEffect  = 80
	bytesPerDoubt   = 48
)

func (m *Monitor) held() int64 {
	return int64(len(m.requests))*bytesPerRequest + int64(len(m.attempts))*bytesPerAttempt +
		int64(len(m.effects))*bytesPerEffect + int64(m.doubts.count)*bytesPerDoubt + 4*m.listed
}

// giveUp lets go of everything but the findings.
func (m *Monitor) giveUp(why error) {
	m.gaveUp = why
	m.ledger, m.open, m.known, m.refused, m.nodes, m.waiting, m.mark = newLedger(nil), nil, nil, nil, nil, nil, nil
	m.doubts = doubts{}
}

func (m *Monitor) invoke(e *history.Event) {
	o := &openOp{op: history.Operation{
		Process: e.Process, F: e.F, Key: e.Key, Idem: e.Idem, Node: e.Node, Input: e.Value, Call: e.Index, Return: history.Never,
	}, attempt: none, settled: m.last}
	m.open[e.Process] = o
	account, named := int32(none), false
	switch e.F {
	case "deposit", "transfer":
		m.one[0] = o.op
		if m.misread = m.ask(0); m.misread != nil {
			return
		}
		o.attempt = int32(len(m.attempts) - 1)
		account, named = m.attempts[o.attempt].move.account(), true
	case "balance":
		account, named = m.byAccount[e.Key]
	case "entries", "accounts":
		o.before = m.nodes[tenantNode{e.Key, e.Node}]
	}
	m.grow()
	if named {
		o.credits, o.debits = m.certain.credits[account], m.certain.debits[account]
	}
}

// account is that whose balance the reply tells.
func (m *move) account() int32 {
	if m.debit != none {
		return m.debit
	}
	return m.credit
}

// grow makes room for what is new in the ledger.
func (m *Monitor) grow() {
	for len(m.certain.credits) < len(m.accounts) {
		m.certain.credits, m.certain.debits = append(m.certain.credits, 0), append(m.certain.debits, 0)
	}
	for len(m.refused) < len(m.requests) {
		m.refused = append(m.refused, false)
	}
	for len(m.books) < len(m.tenants) {
		m.books = append(m.books, tenantBooks{since: none})
	}
}

func (m *Monitor) complete(e *history.Event) {
	o := m.open[e.Process]
	if o == nil {
		return
	}
	delete(m.open, e.Process)
	op := &o.op
	op.Output, op.Outcome, op.Error = e.Value, e.Outcome, e.Error
	if e.Outcome != history.Unknown {
		op.Return = e.Index
	}
	m.one[0] = *op
	switch {
	case o.attempt != none:
		m.misread = m.settle(o)
	case op.Outcome != history.OK:
	case op.F == "balance":
		m.misread = m.tell(o)
	case op.F == "entries":
		m.misread = m.readEntries(o)
	case op.F == "accounts":
		m.misread = m.readAccounts(o)
	}
	m.one[0] = history.Operation{}
	if m.misread == nil && op.F == "entries" {
		m.judgeWaiting()
	}
}

// settle takes in what became of an attempt.
func (m *Monitor) settle(o *openOp) error {
	a, request := &m.attempts[o.attempt], m.byKey[o.op.Idem]
	a.possible = possible(&o.op)
	if o.op.Outcome != history.Unknown {
		a.ret = int32(o.op.Return)
	}
	m.refused[request] = m.refused[request] || isAnswer(&o.op)
	if o.op.Outcome == history.OK {
		return m.acked(o, request)
	}
	if !a.possible {
		m.requireCauses(request)
	}
	return nil
}

// requireCauses requires that the effects of a request which were read still
// have an attempt that can have made them.
func (m *Monitor) requireCauses(request int32) {
	for at := m.requests[request].effect; at != none; at = m.effects[at].next {
		if k := &m.known[at]; k.read != never && m.begun(request, m.effects[at].move) >= k.read {
			m.accuse(phantomEntry, at, "is in the books, but every attempt that can have made it failed, or had not begun")
		}
	}
}

// acked takes in what an ok attempt was told.
func (m *Monitor) acked(o *openOp, request int32) error {
	before := len(m.effects)
	if err := m.acknowledge(o.attempt); err != nil {
		return err
	}
	a, output := &m.attempts[o.attempt], o.op.Output.(map[string]any)
	at := m.find(request, output["id"].(int64))
	e := &m.effects[at]
	if len(m.effects) > before {
		m.known = append(m.known, knownBy{read: never, acked: a.call})
		m.ascertain(at, a.call)
	} else if k := &m.known[at]; a.call < k.acked {
		unread := k.acked != never
		k.acked = a.call
		switch {
		case e.move == a.move:
		case unread:
			// It is what this attempt asked for and not what it was taken for.
			m.giveUp(fmt.Errorf("%s was acknowledged for two payloads as one effect", o.op.Idem))
			return nil
		default:
			m.diverge(at)
		}
	}
	if e.ack != o.attempt {
		return nil
	}
	balance, isNumber := output["balance"].(int64)
	if !isNumber {
		return &unreadable{o.op.Call, errBalance}
	}
	m.told(o, doubt{effect: at, balance: balance, account: e.move.account(), to: e.hi, own: e.move.on(e.move.account()), call: a.call})
	return nil
}

// ascertain files an effect as certain from now on. It was done after an event,
// which is never if that is not known yet.
func (m *Monitor) ascertain(at, after int32) {
	e := &m.effects[at]
	b := &m.books[m.requests[e.request].tenant]
	b.moments = append(b.moments, e.hi)
	if e.move.moves() {
		m.certain.add(&e.move)
		m.doubts.resolve(&e.move, after)
	}
}

// tell takes in a balance that was asked for.
func (m *Monitor) tell(o *openOp) error {
	balance, isNumber := o.op.Output.(int64)
	if !isNumber {
		return &unreadable{o.op.Call, errBalance}
	}
	account := m.accountOfKey(o.op.Key)
	m.grow()
	m.told(o, doubt{effect: none, balance: balance, account: account, from: int32(o.op.Call), to: int32(o.op.Return), call: int32(o.op.Call)})
	return nil
}

// told judges a balance by what is certain now, and keeps it if that is not
// enough.
func (m *Monitor) told(o *openOp, d doubt) {
	if d.balance < 0 {
		m.accuseAccount(negativeBalance, d.account, fmt.Sprintf("held %d", d.balance), o.op.Call)
		return
	}
	if m.rules&(ruleUpper|ruleLower) == 0 {
		return
	}
	if d.to != int32(o.op.Return) {
		// It was read before it was acknowledged, and what was certain then is not
		// known any more.
		m.doubts.late = append(m.doubts.late, d)
		m.doubts.count++
		return
	}
	d.high = d.balance - (m.certain.credits[d.account] - o.debits + min(d.own, 0))
	d.low = max(0, o.credits-m.certain.debits[d.account]+max(d.own, 0)) - d.balance
	m.doubts.add(d)
}

// diverge is about an effect that was read and acknowledged as two different
// things. An open attempt that was called earlier would say what it is.
func (m *Monitor) diverge(at int32) {
	for _, o := range m.open {
		if o.attempt != none && m.byKey[o.op.Idem] == m.effects[at].request && int32(o.op.Call) < m.known[at].acked && m.known[at].acked != never {
			m.giveUp(fmt.Errorf("%s was acknowledged for two payloads as one effect", o.op.Idem))
			return
		}
	}
	m.accuse(divergentEntry, at, "is not the same in all books, or not what was acknowledged")
}
