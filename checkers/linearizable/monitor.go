package linearizable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// DefaultEntries is how much a monitor holds if nothing else is said: values,
// operations and the like, of some 100 to 200 bytes each.
const DefaultEntries = 1 << 22

// Monitor judges a history while it goes on, event by event, as a [Checker]
// judges it afterwards. It holds on to the state of the objects, to what
// happened since the oldest operation that is open, and to what may have taken
// effect and was not seen yet, but to nothing else of the history.
//
// Its verdict is that of the checker, with these exceptions, in which it is
// Unknown, with the reason in Cause:
//
//   - a register or log is written a value that it holds or may come to hold
//     already, or a queue is put one that is in it or may come to be;
//   - a compare-and-set is refused and does not say what it saw, unless it is
//     plain at its return that another value was there;
//   - an add or remove of a set is answered, but not whether it changed
//     something; if the set is read whole, that may be, but an element is added
//     twice, or one is removed or asked for;
//   - a counter does not step by one, or answers steps with the sum;
//   - an append is answered with its offset, as long as no read has shown it;
//   - a lock grants fencing tokens.
//
// An object on which such an operation is still open is Unknown for so long.
// Invalid is said at the first event by which no order is left, and is final:
// what follows can only add to what must be explained. It is said too where the
// exceptions leave no doubt.
//
// A monitor is not safe for concurrent use.
type Monitor struct {
	model     Model
	method    string
	watch     func(element bool) watcher
	limit     int
	validator *history.Validator
	open      map[int]*watchedOp
	parts     map[partName]*watchedPart
	spare     []*watchedOp
	// held is how many entries all parts hold, and most the largest number yet.
	held, most int
	// operations are those of the model.
	operations int
	answered   bool
	// stopped says why nothing is judged any more.
	stopped string
	finding *verdict.Finding
}

// MonitorOption changes a monitor.
type MonitorOption func(*Monitor)

// Entries bounds how much a monitor holds. Past it, the verdict is Unknown.
func Entries(n int) MonitorOption { return func(m *Monitor) { m.limit = n } }

// NewMonitor returns a monitor for a model: register, cas-register, set, queue,
// counter, log or mutex. It returns an error for others.
func NewMonitor(model Model, options ...MonitorOption) (*Monitor, error) {
	if err := model.validate(); err != nil {
		return nil, err
	}
	method, watch := watcherOf(&model)
	// Only the models of this package have a columnar form; of others, the name
	// says nothing.
	if watch == nil || model.columnar == nil || model.Object != nil {
		return nil, fmt.Errorf("the model %s cannot be judged while the history goes on; judge it afterwards", model.Name)
	}
	m := &Monitor{
		model: model, method: method, watch: watch, limit: DefaultEntries,
		validator: history.NewValidator(),
		open:      map[int]*watchedOp{},
		parts:     map[partName]*watchedPart{},
	}
	for _, option := range options {
		option(m)
	}
	return m, nil
}

// Name returns "linearizable".
func (m *Monitor) Name() string { return "linearizable" }

// partName names a part of the history that is judged by itself: a key, or an
// element of a set.
type partName struct{ key, item string }

// watchedPart is such a part.
type watchedPart struct {
	name partName
	// watcher is nil once nothing more is to be found out.
	watcher
	// operations are all, and open those that have not completed.
	operations, open int
	// excuses counts open operations that the algorithm does not cover, and
	// excuse says what is the matter with one of them.
	excuses int
	excuse  string
	// lost says why the part cannot be judged.
	lost string
	// whole says that the key was read whole, so that this part decides, and not
	// those of its elements.
	whole bool
	// finding is a violation, unless an excuse explains it.
	finding *verdict.Finding
	held    int
}

// watchedOp is an operation that is open.
type watchedOp struct {
	history.Operation
	part *watchedPart
	// step is what the model makes of it as long as its outcome is unknown.
	step any
	// uncovered says why the algorithm does not cover it.
	uncovered string
	// seen is for the watcher.
	seen int64
	// also is the operation as another part has it, or nil.
	also *watchedOp
}

// watcher judges one part.
type watcher interface {
	// call takes an invocation, and returns why it is not covered, or "".
	call(op *watchedOp) (uncovered string)
	// complete takes what a completion says: a step, or nil. It returns why no
	// order is left, or "", and an error if the completion is not covered.
	complete(op *watchedOp, step any, now int) (why string, err error)
	// retire takes an unknown outcome.
	retire(op *watchedOp) (why string)
	// gap says why the part is not proved to have an order, or is "".
	gap() string
	// idle says that the part is as if nothing had ever been done to it.
	idle() bool
	// entries is how much is held.
	entries() int
}

// Observe takes the next event of the history, in its order, and reports whether
// the events so far are a violation, whatever follows. It does not hold on to
// the event. It takes time in the order of the operations that are open.
func (m *Monitor) Observe(e *history.Event) (violated bool) {
	if m.finding != nil || m.stopped != "" {
		return m.finding != nil
	}
	if err := m.validator.Next(e); err != nil {
		m.stop("not judged: " + err.Error())
		return false
	}
	switch e.Kind {
	case history.Invoke:
		if slices.Contains(m.model.Functions, e.F) {
			m.invoke(e)
		}
	case history.Complete:
		if op := m.open[e.Process]; op != nil {
			delete(m.open, e.Process)
			m.answered = m.answered || e.Outcome != history.Unknown
			for op != nil && m.finding == nil {
				m.complete(op, e)
				also := op.also
				*op = watchedOp{}
				m.spare = append(m.spare, op)
				op = also
			}
		}
	}
	if m.held+len(m.open) > m.limit {
		m.stop(fmt.Sprintf("more than %d entries would have to be held; judge the history afterwards", m.limit))
	}
	return m.finding != nil
}

// stop ends the judging.
func (m *Monitor) stop(reason string) {
	m.stopped = reason
	m.open, m.parts, m.spare = nil, nil, nil
}

func (m *Monitor) invoke(e *history.Event) {
	name := partName{key: e.Key}
	op := m.admit(e, name)
	if m.model.split != nil && e.F != "read" {
		name.item = "\x00" // of what is no element
		if item, err := itemOf(e.Value); err == nil {
			name.item = string(item)
		}
		op.also = m.admit(e, name)
	}
	m.open[e.Process] = op
	m.operations++
}

// admit lets a part take an invocation.
func (m *Monitor) admit(e *history.Event, name partName) *watchedOp {
	op := &watchedOp{}
	if last := len(m.spare) - 1; last >= 0 {
		op, m.spare = m.spare[last], m.spare[:last]
	}
	op.Operation = history.Operation{
		Process: e.Process, F: e.F, Key: e.Key, Idem: e.Idem, Node: e.Node, Ref: e.Ref,
		Input: e.Value, Call: e.Index, Return: Never,
	}
	p := m.parts[name]
	if p == nil {
		p = &watchedPart{name: name, watcher: m.watch(name.item != "")}
		m.parts[name] = p
	}
	op.part = p
	p.operations++
	p.open++
	if p.lost != "" {
		return op
	}
	step, err := m.model.parse(&op.Operation)
	op.step = step
	if p.watcher == nil {
		return op // a violation awaits its excuses
	}
	if err != nil {
		op.step, op.uncovered = nil, m.malformed(op, err)
	}
	if uncovered := p.call(op); uncovered != "" {
		op.uncovered = uncovered + "; judge the history afterwards"
	}
	if op.uncovered != "" {
		p.excuses++
		p.excuse = op.uncovered
	}
	m.weigh(p)
	return op
}

func (m *Monitor) malformed(op *watchedOp, err error) string {
	return fmt.Sprintf("%s of process %d at event %d is not one of a %s: %s", op.F, op.Process, op.Call, m.model.Name, err)
}

func (m *Monitor) complete(op *watchedOp, e *history.Event) {
	p := op.part
	p.open--
	op.Output, op.Outcome, op.Error = e.Value, e.Outcome, e.Error
	p.whole = p.whole || m.model.split != nil && op.F == "read" && e.Outcome == history.OK
	if p.lost != "" {
		return
	}
	if e.Outcome != history.Unknown {
		op.Return = e.Index
	}
	step, err := m.model.parse(&op.Operation)
	switch {
	case err != nil:
		m.lose(p, m.malformed(op, err))
		return
	case op.uncovered != "" && e.Outcome != history.Fail:
		m.lose(p, op.uncovered)
		return
	case op.uncovered != "":
		p.excuses-- // it did not happen
	}
	m.judge(p, op, step)
	if p.finding != nil && p.excuses == 0 {
		m.finding = p.finding
		m.open, m.parts, m.spare = nil, nil, nil
		return
	}
	if p.open == 0 && p.watcher != nil && p.idle() {
		m.held -= p.held
		delete(m.parts, p.name)
		return
	}
	m.weigh(p)
}

// judge lets the watcher judge a completion.
func (m *Monitor) judge(p *watchedPart, op *watchedOp, step any) {
	if p.watcher == nil {
		return
	}
	var why string
	var err error
	if op.Outcome == history.Unknown {
		why = p.retire(op)
	} else {
		why, err = p.watcher.complete(op, step, op.Return)
	}
	switch {
	case why != "":
		p.finding = m.explain(op, why)
		p.watcher = nil
	case err != nil:
		m.lose(p, err.Error()+"; judge the history afterwards")
	}
}

// lose gives a part up.
func (m *Monitor) lose(p *watchedPart, reason string) {
	p.lost, p.watcher, p.finding = reason, nil, nil
	m.weigh(p)
}

// weigh counts what is held.
func (m *Monitor) weigh(p *watchedPart) {
	now := 1
	if p.watcher != nil {
		now += p.entries()
	}
	m.held += now - p.held
	p.held = now
	m.most = max(m.most, m.held)
}

// explain makes a finding of the operation the return of which leaves no order.
func (m *Monitor) explain(op *watchedOp, why string) *verdict.Finding {
	key := op.part.title()
	return &verdict.Finding{
		Anomaly: Anomaly,
		Key:     key,
		Summary: fmt.Sprintf("process %d %s%s (event %d), %s", op.Process, m.model.tell(&op.Operation), onKey(key), op.Return, why),
		Steps: []string{
			m.model.step(Op{Operation: &op.Operation}),
			"The operations that contradict it are not held any more: judge the history afterwards for the smallest counterexample.",
		},
		Operations: []int{op.Call},
		Culprit:    op.Call,
	}
}

// Report judges what was observed so far as if nothing followed: operations that
// are open have an unknown outcome.
func (m *Monitor) Report() verdict.Report {
	report := verdict.Report{
		Checker:  m.Name(),
		Property: "every object is linearizable as " + m.model.Property,
		Method:   m.method + ", while the history went on",
		Figures: []verdict.Figure{
			{Name: "entries held at most", Value: float64(m.most)},
		},
	}
	undecided, operations, first := m.undecided()
	report.Judged = m.operations - operations
	switch {
	case m.finding != nil:
		report.Verdict = verdict.Invalid
		report.Findings = []verdict.Finding{*m.finding}
		report.Cause = m.finding.Summary
	case m.stopped != "":
		report.Cause = m.stopped
	case m.operations == 0:
		report.Cause = "nothing to judge: the history has none of the operations " + strings.Join(m.model.Functions, ", ")
	case !m.answered:
		report.Cause = "nothing to judge: no operation was answered"
	case undecided > 0:
		report.Cause = fmt.Sprintf("%s could not be decided while the history went on; the first, %s", count(undecided, "object"), first)
	default:
		report.Verdict = verdict.Valid
		report.Cause = count(report.Judged, "operation") + " have a legal order"
	}
	return report
}

// undecided counts the parts that are not known to have an order, and their
// operations, and says why the first has none.
func (m *Monitor) undecided() (undecided, operations int, first string) {
	var least *watchedPart
	for _, p := range m.parts {
		if p.reason() == "" || m.model.split != nil && !m.decides(p) {
			continue
		}
		undecided++
		operations += p.operations
		if least == nil || p.name.key < least.name.key || p.name.key == least.name.key && p.name.item < least.name.item {
			least = p
		}
	}
	if least == nil {
		return 0, 0, ""
	}
	o := object{key: least.title()}
	return undecided, operations, o.title() + ": " + least.reason()
}

// decides says whether it depends on a part of a set that the set has an order:
// on the part of all elements if that can be judged or if they were read at
// once, and on that of each otherwise.
func (m *Monitor) decides(p *watchedPart) bool {
	all := m.parts[partName{key: p.name.key}]
	return (p == all) == (all.whole || all.reason() == "")
}

// title is the key of the object.
func (p *watchedPart) title() string {
	if p.name.item == "" {
		return p.name.key
	}
	return partKey(p.name.key, strings.TrimSuffix(p.name.item, "\n"))
}

// reason says why a part is not known to have an order, or is "".
func (p *watchedPart) reason() string {
	switch {
	case p.lost != "":
		return p.lost
	case p.excuses > 0:
		return "an operation is open: " + p.excuse
	case p.watcher != nil && p.gap() != "":
		return p.gap() + "; judge the history afterwards"
	}
	return ""
}
