package conservation

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

func TestMonitorMutants(t *testing.T) {
	const monitor, books, report = "monitor.go", "monitor_books.go", "monitor_report.go"
	checktest.Mutants(t, "TestMonitorAgreesWithTheChecker", "the monitor", "", []checktest.Mutant{
		{Name: "causes may fail", File: monitor, Rule: "if k := &m.known[at]; k.read != never &&", Without: "if k := &m.known[at]; k.read < 0 &&"},
		{Name: "no balance is too high", File: monitor, Rule: "d.high = d.balance - (m.certain.credits[d.account] - o.debits + min(d.own, 0))", Without: "d.high = 0"},
		{Name: "no balance is too low", File: monitor, Rule: "d.low = max(0, o.credits-m.certain.debits[d.account]+max(d.own, 0)) - d.balance", Without: "d.low = 0"},
		{Name: "early balances are forgotten", File: monitor, Rule: "m.doubts.late = append(m.doubts.late, d)", Without: ""},
		{Name: "credits excuse low balances", File: report, Rule: "one.high-added, one.low-taken", Without: "one.high-added, one.low-taken-added"},
		{Name: "debits excuse high balances", File: report, Rule: "one.high-added, one.low-taken", Without: "one.high-added-taken, one.low-taken"},
		{Name: "later effects excuse", File: report, Rule: "return list[i].to > after", Without: "return list[i].to > 0"},
		{Name: "entries may be repeated", File: books, Rule: "case e.inRead == int32(m.readings):", Without: "case false:"},
		{Name: "entries may differ", File: books, Rule: "case e.move != moved:", Without: "case false:"},
		{Name: "entries need no cause", File: books, Rule: "if m.begun(request, e.move) >= r.ret {", Without: "if false {"},
		{Name: "entries may vanish", File: books, Rule: "if m.effects[at].inRead != now {", Without: "if false {"},
		{Name: "entries may be lost", File: books, Rule: "e.hi < o.settled && e.inRead != now &&", Without: "e.hi < 0 &&"},
		{Name: "the first reading to return is next", File: books, Rule: "if w.after == nil || m.mayComeBetween(w) {", Without: "if w.after == nil {", Run: "TestMonitorWaits"},
		{Name: "open attempts excuse for ever", File: books, Rule: "if m.attempting() {", Without: "if false {", Run: "TestMonitorWaits"},
		{Name: "nothing is certain without a reading before", File: books, Rule: "case w.before == nil && e.hi < w.since:", Without: "case false:"},
		{Name: "what began later comes between", File: books, Rule: "lo < w.ret && v.moves()", Without: "lo >= 0 && v.moves()"},
		{Name: "nothing comes between", File: books, Rule: "!reachable(-sum[account], changes[account])", Without: "!reachable(-sum[account], nil)"},
		{Name: "refused requests may be done", File: report, Rule: "if r.effect != none || m.refused[id] {", Without: "if r.effect != none {"},
		{Name: "what was never seen may be old", File: report, Rule: "lo: max(a.call, m.books[r.tenant].since)", Without: "lo: a.call"},
		{Name: "the answered attempt did it", File: report, Rule: "d.from = e.lo", Without: "d.from = d.call"},
		{Name: "high balances pass at the end", File: report, Rule: "case d.balance > high && m.rules&ruleUpper != 0:", Without: "case false:"},
		{Name: "low balances pass at the end", File: report, Rule: "case d.balance < low && m.rules&ruleLower != 0:", Without: "case false:"},
		{Name: "books need not be read", File: report, Rule: "!(b.entries && b.accounts)", Without: "false"},
	})
}
