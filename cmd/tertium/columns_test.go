package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// A sealed history is checked by its columns, with the report that its text gets.
func TestASealedHistoryIsCheckedByItsColumns(t *testing.T) {
	dir := t.TempDir()
	recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
	require.NoError(t, err)
	lane, err := recorder.Lane("clients")
	require.NoError(t, err)
	for i, written := range []int64{1, 2} {
		at := history.Event{Process: i, F: "write", Key: "x", Value: written}
		_, err = lane.Invoke(at)
		require.NoError(t, err)
		at.Outcome = history.OK
		_, err = lane.Complete(at)
		require.NoError(t, err)
	}
	_, err = lane.Invoke(history.Event{Process: 1, F: "read", Key: "x"})
	require.NoError(t, err)
	_, err = lane.Complete(history.Event{Process: 1, F: "read", Key: "x", Value: int64(1), Outcome: history.OK})
	require.NoError(t, err)
	require.NoError(t, recorder.Close())
	_, err = history.Seal(dir)
	require.NoError(t, err)
	sealed := filepath.Join(dir, history.SealedName)
	content, err := os.ReadFile(sealed)
	require.NoError(t, err)
	text := filepath.Join(t.TempDir(), "copy.jsonl.zst")
	require.NoError(t, os.WriteFile(text, content, 0o600))

	reported := func(path string) verdict.Report {
		code, out, stderr := tertium(t, "check", "--json", "--model", "register", path)
		require.Equal(t, results.ExitInvalid, code, stderr)
		var j judged
		require.NoError(t, json.Unmarshal([]byte(out), &j))
		return j.Report
	}
	want := reported(text)
	require.Equal(t, want, reported(sealed))
	require.FileExists(t, filepath.Join(dir, columns.FileName))
	require.Equal(t, want, reported(sealed), "with the columns of before")
	require.Equal(t, want, reported(dir), "columns are no history of their own")
}
