package linearizable

import (
	"strings"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

func monitorMutants() []mutant {
	const pool, flips, counter = "internal/online/pool.go", "internal/online/flips.go", "internal/online/counter.go"
	const register, queue, log = "internal/online/register.go", "internal/online/queue.go", "internal/online/log.go"
	const growing = "internal/online/growing.go"
	return []mutant{
		{"demands need nobody", pool, "if some > p.size()-len(p.due) {", "if false {", "set"},
		{"one may meet two demands", pool, "p.due = slices.Delete(p.due, i, i+1)\n", "", "counter"},
		{"what leaves was not needed", pool, "if p.spare+i <= k {", "if p.spare+i <= k && false {", "set"},
		{"who was called after a demand may meet it", pool, "i < len(p.ops) && p.ops[i].call < due", "i < len(p.ops) && due >= 0", "counter"},
		{"a demand before a call may be claimed", pool, "i, _ := slices.BinarySearch(p.due, call)\n", "i := 0\n", "counter"},
		{"unanswered ones meet all demands", pool, "p.spare -= met", "", "counter"},
		{"unanswered ones meet none", pool, "p.spare += folded", "", "counter"},
		{"a bit was never elsewhere", flips, "f.left[side] <= call && ", "", "set"},
		{"flips need no counterpart", flips, "if f.on == side && !f.spend(1-side, now) {", "if f.on == side && !f.spend(1-side, now) && false {", "mutex"},
		{"reads may miss steps", counter, "if seen < atCall {", "if false {", "counter"},
		{"what replaced a value does not matter", register, "if call > v.replaced || call", "if call", "cas-register"},
		{"a dead block may be read", register, "|| call > v.block.dead {", "{", "register"},
		{"a dead block may be continued", register, "if last > v.block.dead {", "if false {", "cas-register"},
		{"a value may be replaced twice", register, "case from.replaced != Never:", "case false:", "cas-register"},
		{"values die late", register, "b.dead = by.first", "b.dead = by.last", "register"},
		{"the call of a writer does not count", register, "chain, last = append(chain, v), max(last, v.call)", "chain = append(chain, v)", "register"},
		{"only new blocks kill", register, "r.kill(r.blocks[from:], b)", "_ = from", "register"},
		{"what is dead is forgotten at once", register, "if b.dead >= oldest {", "if b.dead == Never {", "register"},
		{"what is replaced is forgotten at once", register, "r.replaced[gone].replaced < oldest", "oldest >= 0", "cas-register"},
		{"what failed may be seen", register, "if v := r.values[name]; v == nil || v.block != nil {", "if false {", "register"},
		{"a refusal always explains itself", register, "return slices.ContainsFunc(r.blocks, func(b *block[V]) bool {", "return true || slices.ContainsFunc(r.blocks, func(b *block[V]) bool {", "cas-register, blind"},
		{"a refusal explains itself by its own value", register, "return b != v.block && ", "return ", "cas-register, often refused"},
		{"a queue has no order", queue, "case x.deadline < call:", "case false:", "queue"},
		{"a value may be taken twice", queue, "case x == nil || x.got:", "case x == nil:", "queue"},
		{"a queue may lose values", queue, "if q.takes.spare+i <= k {", "if q.takes.spare+i <= k && false {", "queue"},
		{"an optional take may be called after the deadline", queue, "i < len(q.takes.ops) && q.takes.ops[i].call <= x.deadline", "i < len(q.takes.ops)", "queue"},
		{"a queue may be empty at any time", queue, "possible = false", "possible = true", "queue, often empty"},
		{"values are not there before they are got", queue, "q.cover(x.ret, call)", "", "queue, often empty"},
		{"nobody need account for what is there", queue, "values <= q.takes.before(moment+1):", "values < Never:", "queue, lost"},
		{"moments are chosen too early", queue, "case left && oldest < e.ret:", "case left && oldest < 0:", "queue, lost"},
		{"chosen moments do not bind", queue, "x.deadline = min(x.deadline, at)", "", "queue, lost"},
		{"moments are forgotten too early", queue, "since = min(since, e.call)", "_ = e", "queue, lost"},
		{"a lost value took nobody", queue, "q.takes.spare--", "", "queue, lost"},
		{"what failed may be got", queue, "if q.values[v].got {\n\t\treturn", "if false {\n\t\treturn", "queue"},
		{"a read may be short", log, "if p.shown < call {", "if false {", "log"},
		{"a read may end before what all see", log, "if len(all) < l.bytes {", "if len(all) < l.bytes {\n\t\treturn None\n\t}\n\tif false {", "log, long"},
		{"acknowledged values need not be seen", log, "l.unseen[0].ret < l.latest {", "l.unseen[0].ret < l.latest && false {", "log"},
		{"acknowledged values need not be in order", log, "if fresh[i].call > soonest {", "if false {", "log"},
		{"what was appended late does not count", log, "l.latest = max(l.latest, a.call)", "", "log"},
		{"how the log began does not matter", log, "if sha256.Sum256(l.scratch) != l.sum {", "if false {", "log"},
		{"values may be there twice", log, "case a == nil || a.at >= 0:", "case a == nil:", "log, long"},
		{"a growing set may lack what all see", growing, "if settled < g.settled {", "if false {", "set, long"},
		{"a growing set may lack what was shown", growing, "if e.stamp != now && !e.settled {", "if false {", "set, read whole"},
		{"the call of an addition does not count", growing, "since = max(since, e.call)", "", "set, read whole"},
		{"reads need not contain each other", growing, "if behind.hits > 0 {", "if behind.hits > 0 && false {", "set, read whole"},
		{"a read may have more and lack some", growing, "if more {", "if false {", "set, read whole"},
		{"smaller reads are not settled", growing, "below = len(g.levels)", "", "set, long"},
		{"what failed may be in a growing set", growing, "if g.elements[v].seen {", "if false {", "set, read whole"},
		{"reads are not remembered", growing, "g.levels = append(g.levels, top)", "", "set, read whole"},
		{"offsets may be wrong", log, "case a.offset >= 0 && a.offset != l.length():", "case false:", "log, long, offsets"},
		{"a seen value may have any offset", log, "if offset >= 0 && offset != a.at {", "if false {", "log, long, offsets"},
		{"what failed may be read", log, "if a.at >= 0 {\n\t\treturn \"so", "if a.at >= 0 && false {\n\t\treturn \"so", "log"},
		{"promises are kept", log, "l.promised++", "", "log, offsets"},
		{"excuses are none", "monitor.go", "if p.finding != nil && p.excuses == 0 {", "if p.finding != nil {", "counter, some"},
		{"uncovered operations count", "monitor.go", "case op.uncovered != \"\" && e.Outcome != history.Fail:", "case false:", "register, values come again"},
	}
}

// TestMonitorMutantsAreCaught is TestMutantsAreCaught for monitors.
func TestMonitorMutantsAreCaught(t *testing.T) {
	var all []checktest.Mutant
	for _, m := range monitorMutants() {
		all = append(all, checktest.Mutant{
			Name: m.name, File: m.file, Rule: m.rule, Without: m.without,
			Run: "TestMonitorAgrees/" + strings.ReplaceAll(m.scenario, " ", "_"),
		})
	}
	checktest.Mutants(t, "", "went on: ", "120000", all)
}
