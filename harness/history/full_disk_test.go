package history

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFullDiskIsReportedAtEveryCall(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here:", err)
	}
	recorder, err := NewRecorder(t.TempDir(), NewClock(nil), RecorderOptions{})
	require.NoError(t, err)
	lane, err := recorder.Lane("w0")
	require.NoError(t, err)
	require.NoError(t, lane.file.Close())
	lane.file = full
	for range 2 {
		_, err = lane.Invoke(Event{F: "write"})
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorContains(t, err, "lane w0")
	}
	require.ErrorIs(t, recorder.Close(), syscall.ENOSPC)
}
