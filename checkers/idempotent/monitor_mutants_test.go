package idempotent

import (
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

func TestMonitorMutants(t *testing.T) {
	const monitor, key, books = "monitor.go", "monitor_key.go", "monitor_books.go"
	const simulated = "TestMonitorAgreesWithTheChecker/simulated"
	checktest.Mutants(t, "TestMonitorAgreesWithTheChecker/dense$", "the monitor", "", []checktest.Mutant{
		{Name: "replies may differ", File: key, Rule: "case k.stable != stable:", Without: "case false:"},
		{Name: "two payloads may be refused", File: key, Rule: "case k.refused != c.class:", Without: "case false:"},
		{Name: "refusals may differ", File: key, Rule: "case k.code != why:", Without: "case false:"},
		{Name: "books may hold the other payload", File: key, Rule: "case k.done != none && k.done != k.seenAs:", Without: "case false:"},
		{Name: "books may hold another effect", File: key, Rule: "k.seenID != nil && k.id != k.seenID:", Without: "k.seenID != nil && false:"},
		{Name: "effects need no cause", File: key, Rule: "return class == k.seenAs })) >= k.seen:", Without: "return class == k.seenAs })) < 0:"},
		{Name: "open attempts cause nothing", File: key, Rule: "k.firstOpen(func(class int32) bool { return class == k.seenAs })", Without: "never"},
		{Name: "conflicts need no rival", File: key, Rule: "if rival >= p.refusedAt {", Without: "if false {"},
		{Name: "open attempts are no rivals", File: key, Rule: "rival := k.firstOpen(func(other int32) bool { return other != class })", Without: "rival := int32(never)"},
		{Name: "void attempts are rivals", File: key, Rule: "if is != void {", Without: "if true {"},
		{Name: "accepted payloads may conflict", File: key, Rule: "&& k.first < since", Without: "&& k.first < since && false"},
		{Name: "payloads in the books may conflict", File: key, Rule: "if answered || k.seen != 0 && k.seenAs == class && k.seen < since {", Without: "if answered {"},
		{Name: "keys may share an effect", File: key, Rule: "case owner != id:", Without: "case false:"},
		{Name: "conflicts are not copied", File: key, Rule: "is == conflicting && m.copies.since(sent)", Without: "false"},
		{Name: "copies end with the fault", File: monitor, Rule: "w.healed > event", Without: "false"},
		{Name: "effects may be lost", File: books, Rule: "k.certain < c.settled && k.inRead != int32(c.op.Call) {", Without: "false {"},
		{Name: "effects may vanish", File: books, Rule: "n.since[k.at] < called && k.inRead != called {", Without: "false {"},
		{Name: "one reading may show two effects", File: books, Rule: "if k.seen != 0 && k.inRead == int32(c.op.Call) {", Without: "if false {"},
		{Name: "readings may show different effects", File: books, Rule: "} else if k.seenAs != as || k.seenID != shown {", Without: "} else if false {"},
		{Name: "books need not be read", File: monitor, Rule: "if s.acked && !s.covered {", Without: "if s.acked && !s.covered && false {"},
		{Name: "phases always begin settled", File: monitor, Rule: `if e.Error == "" && slices.Contains`, Without: "if slices.Contains"},
		{Name: "any reading is settled", File: books, Rule: "if c.settled != none {", Without: "if true {", Run: simulated},
	})
}
