package transactional

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// kindName is how the steps of a finding call a dependency.
func kindName(kind digraph.Kind) string {
	switch kind {
	case ww, wx:
		return "ww"
	case wr:
		return "wr"
	case rw:
		return "rw"
	case process:
		return "process"
	}
	return "realtime"
}

// cycle adds a finding about a cycle.
func (f *findings) cycle(v versions, anomaly string, cycle []leg) {
	cycle = fromFirst(cycle)
	txns := make([]uint32, len(cycle))
	for i, leg := range cycle {
		txns[i] = leg.txn
	}
	var steps, reasons []string
	for i, leg := range cycle {
		next := (i + 1) % len(cycle)
		first, second := fmt.Sprintf("T%d", i+1), fmt.Sprintf("T%d", next+1)
		why := f.why(v, leg, cycle[next].txn, first, second)
		steps = append(steps, fmt.Sprintf("%s -%s-> %s: %s", first, kindName(leg.kind), second, why))
		reasons = append(reasons, why)
	}
	const most = 6
	if len(reasons) > most {
		reasons = append(reasons[:most-1], fmt.Sprintf("and so on through %d transactions back to T1", len(cycle)))
	}
	last := len(reasons) - 1
	summary := strings.Join(reasons[:last], "; ") + "; yet " + reasons[last] + ": each would have to be before the next"
	f.explain(anomaly, "", none, txns, summary, steps...)
}

// fromFirst turns a cycle so that it begins with its first transaction.
func fromFirst(cycle []leg) []leg {
	first := 0
	for i := range cycle {
		if cycle[i].txn < cycle[first].txn {
			first = i
		}
	}
	return slices.Concat(cycle[first:], cycle[:first])
}

// why says why one transaction depends on another.
func (f *findings) why(v versions, from leg, to uint32, first, second string) string {
	switch from.kind {
	case process:
		return fmt.Sprintf("process %d did %s before %s", f.text.x.columns.Processes[f.text.x.process[to]], first, second)
	case realtime:
		return fmt.Sprintf("%s was answered (event %d) before %s was called (event %d)", first, f.text.answer(from.txn), second, f.text.event(to))
	}
	return v.why(from.txn, to, from.kind, first, second)
}

// answer is the index of the event that answered a transaction.
func (s *text) answer(t uint32) int {
	return slices.Index(s.x.columns.Events, s.x.operation[t]<<1|1)
}

// session adds a finding about two transactions of a process.
func (f *findings) session(anomaly string, key, first, second uint32) {
	if !f.add(anomaly) {
		return
	}
	name := f.text.key(key)
	says := map[string]string{
		readYourWrites:    "T2 read %s without what T1 of the same process had appended before",
		monotonicReads:    "T2 read less of %s than T1 of the same process had read before",
		monotonicWrites:   "T2's append to %s came before that of T1, which the same process did before",
		writesFollowReads: "T2's append to %s came before what T1 of the same process had read before",
	}
	f.explain(anomaly, name, second, []uint32{first, second}, fmt.Sprintf(says[anomaly], name))
}

// duplicate says why a history with two equal writes cannot be judged.
func (f *findings) duplicate(e *duplicateError) string {
	return fmt.Sprintf("not judged: %s was written to %s twice, at events %d and %d, so that what reads saw is ambiguous; let the workload write unique values",
		f.text.value(e.value), f.text.key(e.key), f.text.event(e.first), f.text.event(e.second))
}
