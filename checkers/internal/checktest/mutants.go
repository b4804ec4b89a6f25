package checktest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Mutant is a rule of a package, and the package without it.
type Mutant struct {
	Name string
	// File is where the rule is, from the folder of the package, and Without is
	// what to put in the place of Rule.
	File, Rule, Without string
	// Run are the tests that must notice, as -run takes them; empty for those of
	// all.
	Run string
}

// Mutants makes sure that each rule is in its file, once, and that tests notice
// when it is missing: one of those that run names fails, and says noticed. That
// compiles the package again for each, so it is done only with TERTIUM_SOAK; the
// tests are then run with TERTIUM_SOAK=soak.
func Mutants(t *testing.T, run, noticed, soak string, mutants []Mutant) {
	t.Helper()
	for _, m := range mutants {
		source, err := os.ReadFile(m.File)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(source), m.Rule), "%s: %q in %s", m.Name, m.Rule, m.File)
	}
	if os.Getenv("TERTIUM_SOAK") == "" {
		t.Skip("every rule is there; that tests notice its absence takes minutes: set TERTIUM_SOAK")
	}
	for _, m := range mutants {
		t.Run(m.Name, func(t *testing.T) {
			run := run
			if m.Run != "" {
				run = m.Run
			}
			output, err := m.test(t, run, soak)
			require.Error(t, err, "nothing noticed")
			require.Contains(t, output, noticed, "it failed for another reason")
		})
	}
}

// test runs tests of the package without the rule.
func (m Mutant) test(t *testing.T, run, soak string) (output string, err error) {
	t.Helper()
	dir := t.TempDir()
	path, err := filepath.Abs(m.File)
	require.NoError(t, err)
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := filepath.Join(dir, "mutant.go")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(source), m.Rule, m.Without, 1)), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	require.NoError(t, err)
	overlayFile := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlayFile, overlay, 0o600))
	test := exec.Command("go", "test", "-vet=off", "-timeout=300s", "-overlay", overlayFile, "-run", run, ".")
	test.Env = append(os.Environ(), "TERTIUM_SOAK="+soak)
	all, err := test.CombinedOutput()
	return string(all), err
}
