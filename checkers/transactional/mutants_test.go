package transactional

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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

// TestMutantsNameRules makes sure that every rule is still there.
func TestMutantsNameRules(t *testing.T) {
	for _, m := range mutants() {
		source, err := os.ReadFile(m.file)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(source), m.rule), m.name)
	}
}

// TestMutantsAreCaught deletes one rule at a time and expects the comparison
// with the definitions to fail. It compiles the package again for each, so it
// runs only with TERTIUM_SOAK.
func TestMutantsAreCaught(t *testing.T) {
	if os.Getenv("TERTIUM_SOAK") == "" {
		t.Skip("takes minutes; set TERTIUM_SOAK")
	}
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			dir := t.TempDir()
			path, err := filepath.Abs(m.file)
			require.NoError(t, err)
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			changed := filepath.Join(dir, "mutant.go")
			require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(source), m.rule, m.without, 1)), 0o600))
			overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
			require.NoError(t, err)
			overlayFile := filepath.Join(dir, "overlay.json")
			require.NoError(t, os.WriteFile(overlayFile, overlay, 0o600))
			test := exec.Command("go", "test", "-vet=off", "-timeout=300s", "-overlay", overlayFile, "-run", "AgainstTwin$", ".")
			test.Env = append(os.Environ(), "TERTIUM_SOAK=40000")
			output, err := test.CombinedOutput()
			require.Error(t, err, "nothing noticed")
			require.Contains(t, string(output), "the definition says", "it failed for another reason:\n%s", output)
		})
	}
}
