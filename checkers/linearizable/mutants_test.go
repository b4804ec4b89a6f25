package linearizable

import (
	"strings"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

// mutant is a rule of an algorithm, and the algorithm without it.
type mutant struct{ name, file, rule, without, scenario string }

func mutants() []mutant {
	const register, queue, stack, peel = "internal/sweep/register.go", "internal/sweep/queue.go", "internal/sweep/stack.go", "internal/sweep/peel.go"
	const flips, counter, rank, ranks = "internal/sweep/flips.go", "internal/sweep/counter.go", "internal/sweep/rank.go", "fastrank.go"
	const searcher, rows = "internal/search/searcher.go", "internal/search/rows.go"
	return []mutant{
		{"forward zones may overlap", register, "if at < zone.lastCall {", "if false {", "register"},
		{"a backward zone may lie in a forward one", register, "if b.firstRet < zone.lastCall {", "if false {", "register"},
		{"values may come from nowhere", register, "if v.call == none && !v.initial {", "if false {", "register"},
		{"a value may be read before it is written", register, "if v.firstRet < b.lastCall {", "if false {", "register"},
		{"a value may be replaced before it is there", register, "if v.ret < b.lastCall {", "if false {", "cas-register"},
		{"values may replace each other in a circle", register, "v.counts && v.block == none && v.call != none", "false", "cas-register"},
		{"what was seen through others does not count", register, "c.values[u].counts = true\n\t\t}", "break\n\t\t}", "cas-register"},
		{"a refusal always explains itself", register, "if !absent && !during {", "if !absent && !during && false {", "cas-register, blind"},
		{"a queue has no order", queue, "s.takeRet < latest:", "false:", "queue"},
		{"a queue may lose values", queue, "if k < len(q.removals) && q.removals[k] < q.deadlines[v] {", "if v >= 0 {", "queue"},
		{"an optional take may be called after the deadline", queue, "if k < len(q.removals) && q.removals[k] < q.deadlines[v] {", "if v >= 0 && k < len(q.removals) {", "queue"},
		{"a queue may be empty at any time", queue, "case before[at] == before[called[op]]:", "case before[at] < before[called[op]]:", "queue"},
		{"values are only there when taken", queue, "leftOver[s.putRet]++", "leftOver[s.putRet] += 0", "queue"},
		{"a value may be taken twice", queue, "witness = append(witness, h.Timeline.op(s.takeCall), op)", "_ = op", "queue"},
		{"a stretch needs no bottom", peel, "if kept == 0 {", "if kept == 0 {\n\t\t\tkept = n\n\t\t}\n\t\tif begin < 0 {", "stack"},
		{"a bottom may be taken within the stretch", peel, "v.putCall >= begin || v.takeRet <= finish", "v.putCall >= begin || v.takeRet < 0*finish", "stack"},
		{"a bottom may be put within the stretch", peel, "v.putCall >= begin || v.takeRet <= finish", "v.putCall < 0*begin || v.takeRet <= finish", "stack"},
		{"a stack may be empty at any time", stack, "if next > 0 && begin <= e[0] && finish >= e[1] {", "if next < 0 && begin <= e[0] {", "stack"},
		{"optional pops are called when they are due", "internal/sweep/assign.go", "k >= len(s.takes) || s.takes[k] >= d.at", "k >= len(s.takes) || s.takes[k] > d.at*0", "stack, unanswered pops"},
		{"what a pop did not find was there", "internal/sweep/assign.go", "after.lower(e[0], e[1])", "after.lower(e[1], e[0])", "stack, unanswered pops"},
		{"transactions on one register never contradict themselves", "fastalone.go", "case !possible:", "case !possible && false:", "multi-register, one by one"},
		{"a later read is of the first", "fastalone.go", "case writes:", "case writes && reads && !writes:", "multi-register, one by one"},
		{"the least urgent flip is spent first", "internal/sweep/urgent.go", "a.ret < b.ret", "a.ret > b.ret", "set"},
		{"a bit was never elsewhere", flips, "c.left[wanted] > c.called[op] ||", "", "set"},
		{"flips need no counterpart", flips, "if c.on == int(kind) && !c.spend(1-int(kind), now) {", "if c.on == int(kind) && !c.spend(1-int(kind), now) && false {", "mutex"},
		{"reads may miss steps", counter, "if h.Seen[op] < at[op] {", "if false {", "counter"},
		{"reads may see steps that nobody took", counter, "if len(open) == 0 {\n\t\t\t\t\treturn false, []int{op}", "if len(open) == 0 {\n\t\t\t\t\tbreak", "counter"},
		{"ranks do not matter", rank, "h.Rank[op] < h.Rank[highest]:", "false:", "log"},
		{"reads need not begin the longest", ranks, "if !strings.HasPrefix(string(longest), string(s.all)) {", "if false {", "log"},
		{"offsets may contradict", ranks, "taken := p.owner[at] >= 0; taken ||", "taken := false; taken ||", "log"},
		{"places may be filled before the call", "internal/sweep/places.go", "case owner != none && !c.called[owner]:", "case false:", "log, offsets"},
		{"blanks fill themselves", "internal/sweep/places.go", "case owner == none && !c.fillBlank():", "case owner == none && !c.fillBlank() && false:", "log, offsets"},
		{"reads may miss places", "internal/sweep/places.go", "h.Read[op] && h.Place[op] < at[op] ||", "", "log, offsets"},
		{"the next place may be one that is taken", "internal/sweep/places.go", "free++", "break", "log, offsets"},
		{"a lock needs no release", "internal/sweep/grants.go", "c.held && !c.release() ||", "c.held && !c.release() && false ||", "mutex, fencing"},
		{"tokens may be granted before the call", "internal/sweep/grants.go", "|| !c.called[c.granted[c.next]] {", "{", "mutex, fencing"},
		{"tokens may come again", "internal/sweep/grants.go", "h.Token[a] == h.Token[b] {", "h.Token[a] == h.Token[b] && false {", "mutex, fencing"},
		{"unanswered acquisitions do nothing", "internal/sweep/grants.go", "if c.unanswered == 0 {", "if true {", "mutex, fencing"},
		{"reads of a set need not contain each other", ranks, "if !contained {", "if !contained && i < 0 {", "set, read whole"},
		{"equal operations in any order", searcher, "if x.Return < y.Return {", "if x.Return > y.Return {", "register, values"},
		{"reads may be taken when illegal", rows, "if _, legal := s.states.after(state, s.p.Ops[read].Step); legal {", "if true {", "kv"},
		{"overwriting frees what is done", searcher, "|= total &^ c[w]", "|= total", "kv"},
		{"what is free has taken effect", searcher, "if !isUsed && !(detour", "if !isUsed && !isFree && !(detour", "kv"},
		{"what is free stays so", searcher, "clearBit(c[s.widths:], slot)\n\tc[2*s.widths]", "c[2*s.widths]", "kv"},
		{"a step is idle where it is legal", rows, "s.states.fold(next) == state", "true", "counter, any"},
		{"any configuration covers another", "internal/search/configs.go", "^a[s.words+w]&(b[s.words+w]|(a[w]^b[w])) != 0", "^a[s.words+w]&b[s.words+w] != 0", "multi-register"},
		{"a step is never a detour to what matters less", searcher, "slot != target && (isFree", "(isFree", "kv"},
		{"every step can wait", searcher, "(isFree || hasBit(s.total, slot))", "true", "cas-register, values come again"},
		{"what matters until a return matters after it", searcher, "later, now := s.states.fold(state)", "later, now := s.states.foldNow(state)", "kv"},
		{"what is free before a return survives it", searcher, "s.drop(c, target) // that", "// that", "kv"},
		{"an append breaks with what was before", searcher, "return s.p.ReadOnly(step) ||", "return true ||", "kv"},
		{"a refusal is legal in every state", "register.go", "Least: refusals < 0", "Least: true", "cas-register, values come again, blind refusals"},
		{"a put overwrites what is put after it", "kv.go", "w.puts[i].Call >= now", "w.puts[i].Return >= now", "kv"},
		{"a put overwrites before it returns", "kv.go", "soonest = min(soonest, w.puts[i].Return)", "soonest = min(soonest, w.puts[i].Call)", "kv"},
		{"no get sees what was appended to", "kv.go", "strings.HasPrefix(gets[last].value, prefix)", "gets[last].value == prefix", "kv"},
		{"few configurations are all", "internal/search/search.go", "!s.truncated", "true", "counter, any"},
	}
}

// caught expects that a test, of the scenario that each mutant names, notices it.
func caught(t *testing.T, test string, mutants []mutant) {
	t.Helper()
	var all []checktest.Mutant
	for _, m := range mutants {
		all = append(all, checktest.Mutant{
			Name: m.name, File: m.file, Rule: m.rule, Without: m.without, Run: test + "/" + strings.ReplaceAll(m.scenario, " ", "_"),
		})
	}
	checktest.Mutants(t, test, "the definition says", "100000", all)
}

// Without any one of its rules the comparison with the definition fails.
func TestMutantsAreCaught(t *testing.T) { caught(t, "TestEnginesAgreeWithTheDefinition", mutants()) }

// Some rules for stacks take more operations to notice.
func TestMutantsOfStacksAreCaught(t *testing.T) {
	caught(t, "TestUnansweredPopsAgreeWithTheDefinition", []mutant{
		{"what is put last is taken last", "internal/sweep/assign.go", "isReturn == probably", "isReturn != probably", "stack, unanswered pops"},
	})
}
