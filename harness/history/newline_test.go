package history_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

// A last line without a newline is an event if it is whole, and named if not.
func TestLastLineWithoutNewline(t *testing.T) {
	const first = `{"t":1,"process":0,"type":"invoke","f":"read","key":"x"}` + "\n"
	const last = `{"t":2,"process":0,"type":"ok","f":"read","key":"x","value":7}`
	path := filepath.Join(t.TempDir(), "history.jsonl")
	for cut := range len(last) + 1 {
		require.NoError(t, os.WriteFile(path, []byte(first+last[:cut]), 0o600))
		h, err := history.ReadFile(path)
		require.NoError(t, err)
		switch cut {
		case 0:
			require.Len(t, h.Events, 1)
			require.Empty(t, h.Torn)
		case len(last):
			require.Len(t, h.Events, 2)
			require.Empty(t, h.Torn)
			require.EqualValues(t, 7, h.Events[1].Value)
		default:
			require.Len(t, h.Events, 1)
			require.Contains(t, h.Torn, "bytes at the end of history.jsonl")
		}
	}
}
