package transactional

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// shownPerAnomaly is how many findings of one anomaly are explained. All are
// counted.
const shownPerAnomaly = 3

// findings are what is wrong with a history.
type findings struct {
	text   *text
	counts map[string]int
	list   []verdict.Finding
}

func newFindings(x *transactions) *findings {
	return &findings{text: newText(x), counts: make(map[string]int)}
}

// add counts an anomaly, and says whether it should be explained too.
func (f *findings) add(anomaly string) bool {
	f.counts[anomaly]++
	return f.counts[anomaly] <= shownPerAnomaly
}

// merge adds what was found in the keys that follow.
func (f *findings) merge(next *findings) {
	shown := make(map[string]int)
	for _, finding := range f.list {
		shown[finding.Anomaly]++
	}
	for _, finding := range next.list {
		if shown[finding.Anomaly]++; shown[finding.Anomaly] <= shownPerAnomaly {
			f.list = append(f.list, finding)
		}
	}
	for anomaly, n := range next.counts {
		f.counts[anomaly] += n
	}
}

// explain adds a finding about transactions, which its sentences call T1, T2 …
// in the order given.
func (f *findings) explain(anomaly string, key string, culprit uint32, txns []uint32, summary string, steps ...string) {
	finding := verdict.Finding{Anomaly: anomaly, Key: key, Summary: summary, Culprit: -1}
	for i, t := range txns {
		finding.Steps = append(finding.Steps, fmt.Sprintf("T%d = %s", i+1, f.text.transaction(t)))
		finding.Operations = append(finding.Operations, f.text.event(t))
		if t == culprit {
			finding.Culprit = f.text.event(t)
		}
	}
	finding.Steps = append(finding.Steps, steps...)
	slices.Sort(finding.Operations)
	finding.Operations = slices.Compact(finding.Operations)
	f.list = append(f.list, finding)
}

// names are the anomalies found, in order.
func (f *findings) names() []string {
	names := make([]string, 0, len(f.counts))
	for name := range f.counts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sort puts the worst anomalies first.
func (f *findings) sort() {
	slices.SortStableFunc(f.list, func(a, b verdict.Finding) int {
		return slices.Index(severity, a.Anomaly) - slices.Index(severity, b.Anomaly)
	})
}

func (f *findings) contradiction(x *transactions, c contradiction) {
	m := x.micros[c.micro]
	if element := repeatedElement(x.elements(m.value)); element != none {
		f.twice(m.key, element, func() uint32 { return c.txn })
	}
	if !f.add(internal) {
		return
	}
	key := f.text.key(m.key)
	before := ""
	for _, earlier := range x.micros[x.first[c.txn]:c.micro] {
		if earlier.key == m.key {
			before = f.text.micro(earlier)
		}
	}
	f.explain(internal, key, c.txn, []uint32{c.txn},
		fmt.Sprintf("a transaction did %s, which does not fit its own %s before", f.text.micro(m), before))
}

func (f *findings) outOfOrder(key, value, t uint32) {
	if !f.add(internal) {
		return
	}
	name := f.text.key(key)
	f.explain(internal, name, t, []uint32{t},
		fmt.Sprintf("a transaction appended %s to %s after others of its own, but it comes before them", f.text.value(value), name))
}

// twice takes in that a list of a key holds an element twice, as read by a
// transaction.
func (f *findings) twice(key, element uint32, by func() uint32) {
	if !f.add(duplicateElements) {
		return
	}
	reader := by()
	name, value := f.text.key(key), f.text.value(element)
	f.explain(duplicateElements, name, reader, []uint32{reader},
		fmt.Sprintf("a transaction read a list of %s that holds %s twice, which was appended once at most", name, value))
}

func (f *findings) garbage(key, value uint32, by func() uint32) {
	if !f.add(garbageRead) {
		return
	}
	reader := by()
	name := f.text.key(key)
	f.explain(garbageRead, name, reader, []uint32{reader},
		fmt.Sprintf("a transaction read %s in %s, which no transaction of the history wrote there", f.text.value(value), name))
}

func (f *findings) abortedRead(key, value, writer uint32, by func() uint32) {
	if !f.add(g1a) {
		return
	}
	reader := by()
	name := f.text.key(key)
	f.explain(g1a, name, reader, []uint32{writer, reader},
		fmt.Sprintf("T2 saw %s in %s, which T1 wrote, but T1 failed", f.text.value(value), name))
}

func (f *findings) draftRead(key, value, writer, reader uint32) {
	if !f.add(g1b) {
		return
	}
	name := f.text.key(key)
	f.explain(g1b, name, reader, []uint32{writer, reader},
		fmt.Sprintf("T2 saw %s as T1's write of %s left it, but T1 went on to write %s again", name, f.text.value(value), name))
}

func (f *findings) dirtyUpdate(key, value, first, second uint32) {
	if !f.add(dirtyUpdate) {
		return
	}
	name := f.text.key(key)
	f.explain(dirtyUpdate, name, second, []uint32{first, second},
		fmt.Sprintf("T2 wrote %s on top of T1's %s, but T1 failed", name, f.text.value(value)))
}

func (f *findings) futureRead(key, value, t uint32) {
	if !f.add(futureRead) {
		return
	}
	name := f.text.key(key)
	f.explain(futureRead, name, t, []uint32{t},
		fmt.Sprintf("a transaction saw %s in %s before it wrote it itself", f.text.value(value), name))
}

func (f *findings) lostUpdate(key, first, second uint32) {
	if !f.add(lostUpdate) {
		return
	}
	name := f.text.key(key)
	f.explain(lostUpdate, name, none, []uint32{first, second},
		fmt.Sprintf("T1 and T2 both read the same version of %s and both wrote %s, so that one of them overwrote the other unseen", name, name))
}

func (f *findings) incompatible(l *lists, key uint32, read *access) {
	if !f.add(incompatibleOrder) {
		return
	}
	name := f.text.key(key)
	longest := l.longest[key]
	other := read.txn
	for _, a := range l.of(key) {
		if !a.write && a.value == longest.value {
			other = a.txn
			break
		}
	}
	f.explain(incompatibleOrder, name, none, []uint32{read.txn, other},
		fmt.Sprintf("T1 read %s in %s and T2 read %s; neither list is the beginning of the other", f.text.value(read.value), name, f.text.value(longest.value)))
}

// text says what things are called.
type text struct {
	x     *transactions
	calls []uint32
}

func newText(x *transactions) *text { return &text{x: x} }

// event is the index of the event that called a transaction.
func (s *text) event(t uint32) int {
	if s.calls == nil {
		s.calls = s.x.columns.Calls()
	}
	return int(s.calls[s.x.operation[t]])
}

func (s *text) key(key uint32) string { return s.value(s.x.keys[key]) }

// longText is how many elements of a list are shown from its start, and from
// its end.
const longText = 6

func (s *text) value(id uint32) string {
	list, isList := s.x.values.Elements(id)
	if !isList {
		if name, isText := s.x.values.Text(id); isText {
			return name
		}
		if s.x.values.Kind(id) == columns.Nil {
			return "nil"
		}
		return fmt.Sprint(s.x.values.At(id))
	}
	parts := make([]string, 0, 2*longText+1)
	for i, element := range list {
		if i == longText && len(list) > 2*longText+1 {
			parts = append(parts, "…")
		}
		if i < longText || i >= len(list)-longText || len(list) <= 2*longText+1 {
			parts = append(parts, s.value(element))
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// micro writes a micro-operation as Jepsen does: [append x 1].
func (s *text) micro(m micro) string {
	f, value := "r", s.value(m.value)
	if m.write {
		f = "w"
		if s.x.workload == ListAppend {
			f = "append"
		}
	} else if s.x.workload == ListAppend && m.value == 0 {
		value = "[]"
	}
	return fmt.Sprintf("[%s %s %s]", f, s.key(m.key), value)
}

// longTransaction is how many micro-operations of a transaction are shown.
const longTransaction = 12

// transaction writes a transaction, and where it is in the history.
func (s *text) transaction(t uint32) string {
	var b strings.Builder
	body := s.x.body(t)
	for i, m := range body {
		if i == longTransaction {
			fmt.Fprintf(&b, "… and %d more", len(body)-i)
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.micro(m))
	}
	fmt.Fprintf(&b, " (process %d, event %d)", s.x.columns.Processes[s.x.process[t]], s.event(t))
	if s.x.status[t] == shown {
		b.WriteString(", outcome unknown, but seen")
	}
	return b.String()
}
