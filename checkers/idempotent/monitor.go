package idempotent

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Monitor judges as a [Checker] does, while the events come in. Make one with
// [NewMonitor].
//
// It keeps the operations that are open and, of each key, one record: when it was
// first certain, what it was answered and what the books showed, and of each
// payload four event indices. These are enough, because every rule compares an
// earliest or latest moment of one kind with one of another; see the package.
// Moments that are past do not change, and of the open attempts, whose outcome
// may still take an excuse away, the key knows the calls. So a rule that is
// broken stays broken whatever follows, and a rule that is kept is looked at
// again with each completion of its key. Read-backs are compared with the number
// of keys that must show by then, which is known when they are called.
//
// Memory is that of the open operations and some 400 bytes a key, with a number a
// key for each node whose books are read, and no more however often keys are
// tried. Keys cannot be dropped before the end, because the last read-back is
// about all of them. Each event takes constant time, but for the effects that a
// read-back shows: one core takes about 600,000 events or 300,000 effects a second
// (see BenchmarkMonitor).
type Monitor struct {
	c      *Checker
	memory int64
	held   int64
	seeds  [2]maphash.Seed
	buffer []byte

	open   map[int]*openCall
	keys   []*keyRecord
	byName map[string]int32
	scopes map[string]*scopeRecord
	copies copying
	// settled is the event at which the nodes had last settled, or none, and now
	// the time of the last event.
	settled int32
	now     time.Duration

	attempts, reads, acked, seen int
	// shown are the keys of the read-back at hand.
	shown    []int32
	findings *findings.Set
	// violated is true once there is a finding that nothing can take back.
	violated   bool
	unreadable error
	// gaveUp says why nothing more is judged.
	gaveUp error
	// suspects are keys that are wrong unless they expired, with what is wrong,
	// phantoms names in the books that no attempt has used so far, and shared
	// effects of two keys. They are used only where keys expire.
	suspects map[int32]verdict.Finding
	phantoms map[string]verdict.Finding
	shared   []verdict.Finding
}

// monitorMemory is how many bytes a monitor may hold on to by default.
const monitorMemory = 1 << 30

// NewMonitor returns a monitor with the options of a checker. Past the memory of
// the budget, by default 1 GiB, it is unknown; time it has as long as there are
// events. It cannot judge totals ([ReadTotals]). Of a [Reading], Fits is asked
// about attempts of which it is told F, Idem and Input only, and all that a reply
// says of its effect must be in Stable.
//
// Where keys expire it calls nothing invalid that expiry may excuse, which takes
// the whole history to say, but unknown.
func NewMonitor(budget verdict.Budget, options ...Option) (*Monitor, error) {
	c := New(options...)
	if c.totals != nil {
		return nil, errors.New("totals can only be judged once all attempts are known; judge them by a checker")
	}
	m := &Monitor{
		c: c, memory: budget.Memory, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		open: make(map[int]*openCall), byName: make(map[string]int32), scopes: make(map[string]*scopeRecord),
		settled: none, findings: newFindings(),
		suspects: make(map[int32]verdict.Finding), phantoms: make(map[string]verdict.Finding),
	}
	if m.memory <= 0 {
		m.memory = monitorMemory
	}
	return m, nil
}

// Name is "idempotent".
func (m *Monitor) Name() string { return m.c.Name() }

// Observe takes the next event of the history. It reports whether the events so
// far are a violation whatever follows.
func (m *Monitor) Observe(e *history.Event) (violated bool) {
	m.now = e.Time
	if m.gaveUp != nil {
		return m.violated
	}
	if e.Index > maxEvents {
		m.giveUp(fmt.Errorf("the history has more than %d events; cut it in parts", maxEvents))
		return m.violated
	}
	switch e.Kind {
	case history.Invoke:
		m.invoke(e)
	case history.Complete:
		m.complete(e)
	case history.Nemesis:
		m.copies.see(e, m.c.copies)
	case history.Phase:
		if e.Error == "" && slices.Contains(m.c.settled, e.F) {
			m.settled = int32(e.Index)
		}
	}
	if m.held > m.memory {
		m.giveUp(fmt.Errorf("%d keys take more than %d MB of memory; allow it more", len(m.keys), m.memory>>20))
	}
	return m.violated
}

// giveUp lets go of everything but the findings.
func (m *Monitor) giveUp(why error) {
	m.gaveUp = why
	m.open, m.keys, m.byName, m.scopes, m.suspects, m.phantoms, m.shared = nil, nil, nil, nil, nil, nil, nil
}

// copying says whether the network copies requests.
type copying struct {
	open map[[2]string]bool
	// lost is true if a fault was injected anew while in place: which one is
	// healed then is not known, so that one of them never is.
	lost bool
	// healed is the event that ended the last one.
	healed int32
}

// see takes in a nemesis event.
func (w *copying) see(e *history.Event, copies func(kind string) bool) {
	details, _ := e.Value.(map[string]any)
	name := [2]string{e.Ref, e.F}
	switch details["stage"] {
	case "inject":
		if !copies(e.F) {
			return
		}
		if w.open == nil {
			w.open = make(map[[2]string]bool)
		}
		w.lost = w.lost || w.open[name]
		w.open[name] = true
	case "heal":
		if w.open[name] {
			delete(w.open, name)
			w.healed = int32(e.Index)
		}
	}
}

// since reports whether it did at any time from an event until now.
func (w *copying) since(event int32) bool {
	return w.lost || len(w.open) > 0 || w.healed > event
}

// openCall is an operation that has not completed.
type openCall struct {
	op history.Operation
	// key and class are those of an attempt; key is none for other operations.
	key, class int32
	// settled is when the nodes had last settled before it.
	settled int32
	// next is the next open attempt of the same key.
	next *openCall
}

func (m *Monitor) invoke(e *history.Event) {
	c := &openCall{op: history.Operation{
		Process: e.Process, F: e.F, Key: e.Key, Idem: e.Idem, Node: e.Node, Ref: e.Ref, Input: e.Value,
		Call: e.Index, Return: history.Never, Start: e.Time, End: e.Time,
	}, key: none, settled: m.settled}
	if m.c.strong {
		c.settled = int32(e.Index)
	}
	if before := m.open[e.Process]; before != nil && before.key != none {
		m.settle(before, open)
	}
	m.open[e.Process] = c
	if e.Idem == "" {
		return
	}
	m.attempts++
	c.key = m.key(&c.op)
	k := m.keys[c.key]
	c.class = m.class(k, &c.op)
	c.next, k.open = k.open, c
}

func (m *Monitor) complete(e *history.Event) {
	c := m.open[e.Process]
	if c == nil {
		return
	}
	delete(m.open, e.Process)
	c.op.Output, c.op.Outcome, c.op.Error, c.op.End = e.Value, e.Outcome, e.Error, e.Time
	if e.Outcome != history.Unknown {
		c.op.Return = e.Index
	}
	switch {
	case c.key != none:
		m.settle(c, m.kindOf(c))
	case e.Outcome == history.OK && !m.c.repliesOnly:
		if scope, effects := m.c.reading.Books(&c.op); effects != nil {
			m.read(c, scope, effects)
		}
	}
}

// kindOf says what a completed attempt proves, as table.prove does.
func (m *Monitor) kindOf(c *openCall) kind {
	switch c.op.Outcome {
	case history.OK:
		return acked
	case history.Unknown:
		return open
	}
	switch m.c.reading.Refusal(&c.op) {
	case Answered:
		return answered
	case Conflicting:
		return conflicting
	case Busy:
		return open
	case TurnedAway:
		if m.copies.since(int32(c.op.Call)) {
			return open
		}
	}
	return void
}

// Report judges what was observed so far, as if nothing followed.
func (m *Monitor) Report() verdict.Report {
	report := verdict.Report{
		Checker:  m.Name(),
		Property: "each idempotency key has at most one effect, exactly one once acknowledged, and one reply",
		Method:   "one record a key, compared with each event as it came",
		Judged:   m.attempts,
	}
	if m.c.repliesOnly {
		report.Property = "all attempts under an idempotency key are answered as one request"
	}
	report.Findings = m.findings.Sorted()
	doubtful := m.unexcused(&report)
	report.Figures = []verdict.Figure{
		{Name: "keys", Value: float64(len(m.keys))},
		{Name: "attempts", Value: float64(m.attempts), Unit: "ops"},
		{Name: "read-backs", Value: float64(m.reads), Unit: "ops"},
	}
	switch {
	case len(report.Findings) > 0:
		report.Verdict, report.Cause = verdict.Invalid, report.Findings[0].Summary
	case m.gaveUp != nil:
		report.Cause = "monitoring was ended early: " + m.gaveUp.Error()
	case doubtful > 0:
		report.Cause = fmt.Sprintf("%d keys are wrong unless they had expired, which the whole history must say", doubtful)
	default:
		report.Verdict, report.Cause = m.conclude()
	}
	return report
}

// unexcused adds to a report what expiry does not excuse if nothing follows, and
// returns how many keys it may excuse.
func (m *Monitor) unexcused(report *verdict.Report) (doubtful int) {
	var ids []int32
	for id := range m.suspects {
		if m.now-m.keys[id].began < m.c.ttl {
			ids = append(ids, id)
		} else {
			doubtful++
		}
	}
	slices.Sort(ids)
	for _, id := range ids[:min(len(ids), 3)] {
		report.Findings = append(report.Findings, m.suspects[id])
	}
	var names []string
	for name := range m.phantoms {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), 3)] {
		report.Findings = append(report.Findings, m.phantoms[name])
	}
	if doubtful == 0 && len(m.shared) > 0 {
		report.Findings = append(report.Findings, m.shared[0])
	}
	return doubtful
}

// conclude says whether a history without a finding was judged as a whole.
func (m *Monitor) conclude() (verdict.Verdict, string) {
	switch {
	case m.attempts == 0:
		return verdict.Unknown, "no operation carried an idempotency key"
	case m.unreadable != nil:
		return verdict.Unknown, m.unreadable.Error()
	case m.acked+m.seen == 0:
		return verdict.Unknown, "no attempt was acknowledged and no effect was seen, so there was nothing to judge"
	case m.c.repliesOnly:
		return verdict.Valid, fmt.Sprintf("%d keys in %d attempts, %d acknowledged, were answered alike", len(m.keys), m.attempts, m.acked)
	case m.reads == 0:
		return verdict.Unknown, "no effects were read back, so neither a second effect nor a lost one would be seen"
	}
	for _, s := range m.scopes {
		if s.acked && !s.covered {
			return verdict.Unknown, "the books of some scope were not read back after the nodes had settled, so a lost effect would not be seen"
		}
	}
	return verdict.Valid, fmt.Sprintf("%d keys in %d attempts, %d acknowledged: each has at most one effect, and %d are in the books",
		len(m.keys), m.attempts, m.acked, m.seen)
}
