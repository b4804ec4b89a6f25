package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestCyclesAreDrawn(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "pictures")
	cycle := verdict.Finding{Anomaly: "G2-item", Summary: "both missed the other", Steps: []string{
		"T1 = [r x []] [append y 1] (process 0, event 0)", "T2 = [r y []] [append x 1] (process 1, event 1)",
		"T1 -rw-> T2: T1 did not observe T2's append of 1 to x", "T2 -rw-> T1: T2 did not observe T1's append of 1 to y",
	}}
	reports := []verdict.Report{{Findings: []verdict.Finding{{Summary: "no cycle"}, cycle}}, {Findings: []verdict.Finding{cycle}}}
	require.NoError(t, drawCycles("", "h", reports...))
	require.NoError(t, drawCycles(folder, "h", verdict.Report{}))
	require.NoDirExists(t, folder)
	require.NoError(t, drawCycles(folder, "h", reports...))
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 2)
	for i, name := range []string{"h-cycle-1.svg", "h-cycle-2.svg"} {
		require.Equal(t, name, files[i].Name())
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		require.NoError(t, xml.Unmarshal(text, new(struct{})))
		require.Contains(t, string(text), "T1 did not observe")
	}
	blocked := filepath.Join(folder, "h-cycle-1.svg")
	require.ErrorContains(t, drawCycles(blocked, "h", reports...), "draw the cycles of h")
}
