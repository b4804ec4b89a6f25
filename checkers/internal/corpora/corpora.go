// Package corpora finds recorded histories with known verdicts for tests. They
// are other projects' and not part of this repository.
package corpora

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Dir is the folder of the recorded histories: TERTIUM_CORPORA names it, or it
// is shared/corpora beside one of the folders above. Without it the test is
// skipped.
func Dir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("TERTIUM_CORPORA"); dir != "" {
		return dir
	}
	at, err := os.Getwd()
	require.NoError(t, err)
	for ; filepath.Dir(at) != at; at = filepath.Dir(at) {
		dir := filepath.Join(at, "shared", "corpora")
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
	}
	t.Skip("no recorded histories here; name their folder in TERTIUM_CORPORA")
	return ""
}

// Labelled is a recorded history of a known verdict.
type Labelled struct {
	Path, Verdict, Model string
	// Consistency is the consistency model that was asked about, for
	// transactions.
	Consistency string
}

// Labels returns the histories in a folder of [Dir], of which there must be
// some.
func Labels(t *testing.T, folder string) []Labelled {
	t.Helper()
	dir := filepath.Join(Dir(t), folder)
	f, err := os.Open(filepath.Join(dir, "labels.tsv"))
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.Comment, r.FieldsPerRecord = '\t', '#', -1
	records, err := r.ReadAll()
	require.NoError(t, err)
	require.NotEmpty(t, records)
	var all []Labelled
	for _, fields := range records {
		one := Labelled{Path: filepath.Join(dir, fields[0]), Verdict: fields[1], Model: fields[2]}
		if len(fields) > 3 {
			one.Consistency = fields[3]
		}
		all = append(all, one)
	}
	return all
}
