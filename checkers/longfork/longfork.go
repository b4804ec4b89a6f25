// Package longfork looks for long forks, as Jepsen's workload of that name does:
// each key is written once, by a transaction of its own, and others read groups
// of keys. If one read saw x and not y, and another y and not x, then writes
// became visible in different orders, which snapshot isolation forbids and
// parallel snapshot isolation does not.
package longfork

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker looks for long forks.
type Checker struct {
	// GroupSize is how many keys every read must have; 0 for any number.
	GroupSize int
}

// Name returns "long-fork".
func (Checker) Name() string { return "long-fork" }

// shown is how many findings are kept. All groups with forks are counted.
const shown = 3

// Check compares the reads of each group of keys. Reads are sorted by how many
// keys they saw written; without forks each saw what those before it did, so
// that it is enough to compare neighbours.
func (c Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "all reads of a group of keys saw writes in one order",
		Method:   "each read of a group against the next larger one",
	}
	if budget.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget.Time)
		defer cancel()
	}
	if err := h.Validate(); err != nil {
		report.Cause = "not judged: " + err.Error()
		return report
	}
	groups, reason := c.collect(h.Operations())
	if reason != "" {
		report.Cause = "not judged: " + reason
		return report
	}
	if len(groups) == 0 {
		report.Cause = "nothing to judge: no transaction that only reads was answered"
		return report
	}
	forked := 0
	early, late := 0, 0
	for _, g := range groups {
		if ctx.Err() != nil {
			report.Cause = "the time was used up; allow it more"
			return report
		}
		report.Judged += len(g.reads)
		for _, r := range g.reads {
			if r.count == 0 {
				early++
			}
			if r.count == len(g.keys) {
				late++
			}
		}
		finding, reason := g.fork()
		if reason != "" {
			report.Cause, report.Judged, report.Findings = "not judged: "+reason, 0, nil
			return report
		}
		if finding == nil {
			continue
		}
		if forked++; forked <= shown {
			report.Findings = append(report.Findings, *finding)
		}
	}
	report.Figures = []verdict.Figure{
		{Name: "reads", Value: float64(report.Judged), Unit: "ops"},
		{Name: "reads that saw nothing", Value: float64(early), Unit: "ops"},
		{Name: "reads that saw everything", Value: float64(late), Unit: "ops"},
		{Name: "groups with long forks", Value: float64(forked)},
	}
	if forked > 0 {
		report.Verdict = verdict.Invalid
		report.Cause = report.Findings[0].Summary
		return report
	}
	report.Verdict = verdict.Valid
	report.Cause = fmt.Sprintf("%d reads of %d groups of keys saw writes in one order each", report.Judged, len(groups))
	return report
}

// group is the reads of a set of keys.
type group struct {
	keys  []string
	reads []read
}

type read struct {
	call int
	// values are those of the group's keys, in order; nil if not written yet.
	values []any
	// count is how many are not nil.
	count int
}

// collect sorts the reads by their keys, in the order in which groups were first
// read, or says why they cannot be judged.
func (c Checker) collect(operations []history.Operation) (groups []*group, reason string) {
	byKeys := make(map[string]*group)
	written := make(map[string]bool)
	for i := range operations {
		op := &operations[i]
		micros, ok := parse(op.Input)
		if ok && len(micros) == 1 && micros[0].write {
			if written[micros[0].key] {
				return nil, fmt.Sprintf("%s is written more than once, the second time at event %d", micros[0].key, op.Call)
			}
			written[micros[0].key] = true
			continue
		}
		if op.Outcome != history.OK {
			continue
		}
		if micros, ok = parse(op.Output); !ok || slices.ContainsFunc(micros, func(m micro) bool { return m.write }) {
			continue
		}
		r, keys := readOf(op.Call, micros)
		if c.GroupSize > 0 && len(keys) != c.GroupSize {
			return nil, fmt.Sprintf("the read called at event %d is of %d keys, and groups have %d", op.Call, len(keys), c.GroupSize)
		}
		name := fmt.Sprintf("%q", keys)
		if byKeys[name] == nil {
			byKeys[name] = &group{keys: keys}
			groups = append(groups, byKeys[name])
		}
		byKeys[name].reads = append(byKeys[name].reads, r)
	}
	return groups, ""
}

// readOf puts the keys of a read into order.
func readOf(call int, micros []micro) (read, []string) {
	slices.SortStableFunc(micros, func(a, b micro) int { return strings.Compare(a.key, b.key) })
	r := read{call: call}
	var keys []string
	for i, m := range micros {
		if i+1 < len(micros) && micros[i+1].key == m.key {
			continue // the last read of a key is the one that counts
		}
		keys = append(keys, m.key)
		r.values = append(r.values, m.value)
		if m.value != nil {
			r.count++
		}
	}
	return r, keys
}

// fork returns two reads of which neither saw all that the other did.
func (g *group) fork() (finding *verdict.Finding, reason string) {
	sorted := slices.Clone(g.reads)
	slices.SortStableFunc(sorted, func(a, b read) int { return a.count - b.count })
	value := make([]any, len(g.keys))
	for i := range sorted {
		missed, more := -1, -1
		for k, v := range sorted[i].values {
			if v != nil && value[k] != nil && v != value[k] {
				return nil, fmt.Sprintf("%s was read as %v and as %v, but it is written once", g.keys[k], value[k], v)
			}
			if v != nil {
				value[k] = v
			}
			if i == 0 {
				continue
			}
			before := sorted[i-1].values[k]
			if before != nil && v == nil {
				missed = k
			}
			if before == nil && v != nil {
				more = k
			}
		}
		if missed >= 0 && finding == nil {
			finding = g.finding(sorted[i-1], sorted[i], missed, more)
		}
	}
	return finding, ""
}

// finding explains a fork: the first read saw only the key missed of the two, and
// the second only more.
func (g *group) finding(first, second read, missed, more int) *verdict.Finding {
	calls := []int{first.call, second.call}
	slices.Sort(calls)
	x, y := g.keys[missed], g.keys[more]
	return &verdict.Finding{
		Anomaly: "long-fork", Key: x,
		Summary: fmt.Sprintf("the read called at event %d saw the write of %s and not that of %s; the read called at event %d saw that of %s and not that of %s",
			first.call, x, y, second.call, y, x),
		Steps: []string{
			fmt.Sprintf("event %d: %s", first.call, g.text(first)),
			fmt.Sprintf("event %d: %s", second.call, g.text(second)),
		},
		Operations: calls, Culprit: -1,
	}
}

func (g *group) text(r read) string {
	var b strings.Builder
	for i, key := range g.keys {
		if i > 0 {
			b.WriteByte(' ')
		}
		value := "nil"
		if r.values[i] != nil {
			value = fmt.Sprint(r.values[i])
		}
		fmt.Fprintf(&b, "[r %s %s]", key, value)
	}
	return b.String()
}

// micro is one read or write of a transaction.
type micro struct {
	write bool
	key   string
	value any
}

// parse reads a transaction [[f key value] …]; not ok if it is none.
func parse(value any) (micros []micro, ok bool) {
	list, isList := value.([]any)
	if !isList || len(list) == 0 {
		return nil, false
	}
	for _, element := range list {
		parts, isList := element.([]any)
		if !isList || len(parts) < 2 || len(parts) > 3 {
			return nil, false
		}
		m := micro{key: fmt.Sprint(parts[1])}
		if len(parts) == 3 {
			m.value = parts[2]
		}
		switch parts[0] {
		case "r", "read":
		case "w", "write", "append":
			m.write = true
		default:
			return nil, false
		}
		switch m.value.(type) {
		case []any, map[string]any:
			return nil, false
		}
		micros = append(micros, m)
	}
	return micros, true
}
