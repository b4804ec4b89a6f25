package transactional

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

// mutant is a rule, and the checker without it.
type mutant struct{ name, file, rule, without string }

func mutants() []mutant {
	return []mutant{
		{"reads need not fit their own transactions", "within.go", "if !w.read(start, at) {", "if w.read(start, at); false {"},
		{"drafts may be read", "within.go", "w.micros[draft-1].draft = true", "w.micros[draft-1].draft = false"},
		{"own elements count as seen from others", "within.go", "m.seen = uint32(rest)\n\tif before == 0", "m.seen = uint32(len(list))\n\tif before == 0"},
		{"lists may contradict each other", "lists.go", "l.found.incompatible(l, key, a)", "_ = a"},
		{"elements may come from nowhere", "lists.go", "l.found.garbage(key, element, func() uint32 { return l.reader(key, element) })", "_ = element"},
		{"aborted elements may be read", "lists.go", "case l.status[writer] == aborted:", "case false:"},
		{"what was seen does not count", "lists.go", "if l.status[t] == open {", "if false {"},
		{"writers do not follow each other", "lists.go", "d.Add(before, writer, ww)", "_ = d"},
		{"writes that nobody saw are anywhere", "lists.go", "d.Add(last, t, ww)", "_ = last"},
		{"readers of all need not come before them", "lists.go", "d.antidepend(readers, unseen)", "_ = readers"},
		{"what was seen need not come before", "lists.go", "d.Add(before, t, wr)", "_ = before"},
		{"what was missed need not come after", "lists.go", "d.Add(t, next, rw)", "_ = next"},
		{"a transaction may see its future", "lists.go", "if a.at <= most {", "if false {"},
		{"own appends in any order", "lists.go", "if a.at < wrote {", "if false {"},
		{"unseen writes need no order for snapshots", "lists.go", "if len(unseen) > 1 {", "if false {"},
		{"who reads and writes misses itself", "dependency.go", "both = both || d.place[reader] != 0", "both = both && d.place[reader] != 0"},
		{"those before oneself are not missed", "dependency.go", "if i > 1 {", "if false {"},
		{"real time does not pass", "dependency.go", "if last != none {\n\t\t\t\td.Add(last, next, after)", "if false {\n\t\t\t\td.Add(last, next, after)"},
		{"calls end no row of answers", "dependency.go", "answering = false\n\t\t\tcontinue", "continue"},
		{"processes have no order", "classify.go", "b.Add(place[first]-1, place[second]-1, process)", "_ = b"},
		{"snapshots may miss what was there", "cycle.go", "if e.To() < txns {\n\t\t\t\t\tto++\n\t\t\t\t}", "to += 0"},
		{"transactions commit whenever", "cycle.go", "b.Add(start, commit, life)", "_ = commit"},
		{"one guess is enough", "resolve.go", "if len(conflicts) == 0 {", "if len(conflicts) >= 0 {"},
		{"only the first guess can be wrong", "resolve.go", "case verdict.Unknown:\n\t\t\tundecided = true\n\t\t}", "default:\n\t\t\treturn verdict.Invalid\n\t\t}"},
		{"parts have no order if none fits their border", "locally.go", "if decided == verdict.Invalid && len(part.bounds) > 0 {", "if false {"},
		{"parts need not fit together", "locally.go", "if !r.fits(r.with(r.graph, chained(l.sorted), false)) {", "if false {"},
		{"the first value may be written later", "registers.go", "g.makers = written(g.makers, accesses, more)", "_ = more"},
		{"anything may come into a chain", "registers.go", "d.follow(g.seers,", "(&dependencies{transactions: d.transactions, nodes: d.nodes}).follow(g.seers,"},
		{"chains need no order", "registers.go", "if len(heads) > 1 {", "if false {"},
		{"registers may be read from nowhere", "registers.go", "g.found.garbage(key,", "_ = func(...any) {}; (&findings{counts: map[string]int{garbageRead: shownPerAnomaly}}).garbage(key,"},
		{"aborted values may be read", "registers.go", "case aborted:", "case 99:"},
		{"readers of the last version are not followed", "choice.go", "b.Add(reader, after.head, miss)", "_, _ = reader, miss"},
		{"reads may get shorter", "sessions.go", "before.read > a.at", "false"},
		{"own appends need not be read", "sessions.go", "before.appender != none && before.wrote > a.at", "false"},
		{"appends may overtake each other", "sessions.go", "a.at != none && before.wrote > a.at", "false"},
		{"appends may come before what was read", "sessions.go", "before.read >= a.at", "false"},
	}
}

// Without any one of its rules the comparison with the definitions fails.
func TestMutantsAreCaught(t *testing.T) {
	var all []checktest.Mutant
	for _, m := range mutants() {
		all = append(all, checktest.Mutant{Name: m.name, File: m.file, Rule: m.rule, Without: m.without})
	}
	checktest.Mutants(t, "Against(Twin|Whole)$", "the definition says", "40000", all)
}
