package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/results"
)

// checkersPage is the page for users about all checkers.
const checkersPage = "../../docs/checkers.md"

// The page has a section for every model, and names every consistency model and
// what else it is called.
func TestThePageOfCheckersIsComplete(t *testing.T) {
	content, err := os.ReadFile(checkersPage)
	require.NoError(t, err)
	page := string(content)
	for _, m := range models() {
		require.Contains(t, page, "\n### "+m.name+"\n", "a section of its own")
		require.Contains(t, page, "[`"+m.name+"`](#"+m.name+")", "a line in the table at the top")
	}
	for _, m := range transactional.ConsistencyModels() {
		require.Contains(t, page, "\n| `"+m.Name+"` |", "a line in the table of consistency models")
		require.Contains(t, page, "`"+m.Alias)
	}
}

// docExample is a history on the page, and what the page says of it.
type docExample struct {
	args    []string
	history string
	output  string
}

// docExamples are the histories on the page: a line `NAME`: and an indented block,
// and further down an indented command with that name at its end and its output.
func docExamples(page string) []docExample {
	var all []docExample
	files := make(map[string]string)
	lines := strings.Split(page, "\n")
	block := func(at int) string {
		var text strings.Builder
		for ; at < len(lines) && strings.HasPrefix(lines[at], "    "); at++ {
			text.WriteString(lines[at][4:] + "\n")
		}
		return text.String()
	}
	for i, line := range lines {
		if name, found := strings.CutSuffix(line, ".jsonl`:"); found {
			files[strings.TrimPrefix(name, "`")+".jsonl"] = block(i + 2)
		}
		if command, found := strings.CutPrefix(line, "    $ tertium "); found {
			args := strings.Fields(command)
			if history, known := files[args[len(args)-1]]; known {
				all = append(all, docExample{args, history, block(i + 1)})
			}
		}
	}
	return all
}

// What the page says that the command line prints is what it prints. Each model
// has such an example.
func TestTheExamplesOnThePageOfCheckers(t *testing.T) {
	content, err := os.ReadFile(checkersPage)
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	shown := make(map[string]bool)
	for _, e := range docExamples(string(content)) {
		name := e.args[len(e.args)-1]
		require.NoError(t, os.WriteFile(filepath.Base(name), []byte(e.history), 0o600))
		code, out, _ := tertium(t, e.args...)
		require.Equal(t, results.ExitInvalid, code)
		require.Equal(t, e.output, out, "of tertium %s", strings.Join(e.args, " "))
		shown[e.args[2]] = true
	}
	for _, m := range models() {
		require.True(t, shown[m.name], "%s has no example", m.name)
	}
}
