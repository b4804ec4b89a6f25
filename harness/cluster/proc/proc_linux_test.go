package proc

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	p, err := parse([]byte("4711 (a (very) odd) name) T 1 42 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 2\n"))
	require.NoError(t, err)
	require.Equal(t, Process{PID: 4711, Group: 42, State: 'T', Start: "98765"}, p)
	require.True(t, p.Stopped())
	require.False(t, p.Dead())
	for _, bad := range []string{"", "1", "1 (a", "1 a) S 1 1", "1 (a) S 1 1", "x (a) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5",
		"1 (a) S 1 x 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5", "1 (a) SS 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5"} {
		_, err := parse([]byte(bad))
		require.Error(t, err, bad)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("4711 (a (very) odd) name) T 1 42 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parse(text); err == nil {
			require.NotEmpty(t, p.Start)
			require.NotZero(t, p.State)
		}
	})
}

func TestLifeOfAProcess(t *testing.T) {
	cmd := exec.Command("sleep", "3600")
	cmd.Env = []string{"MARK=yes"}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	// The kernel reports a program as started a moment before its environment
	// can be read (execve closes files first, and sets env_start last).
	require.Eventually(t, func() bool {
		p, err := Read(cmd.Process.Pid)
		return err == nil && p.Carries("MARK", "yes")
	}, 10*time.Second, time.Millisecond)
	p, err := Read(cmd.Process.Pid)
	require.NoError(t, err)
	require.Equal(t, cmd.Process.Pid, p.PID)
	require.False(t, p.Carries("MARK", "ye"))

	marked, err := List(func(p Process) bool { return p.Carries("MARK", "yes") })
	require.NoError(t, err)
	require.Len(t, marked, 1)
	require.Equal(t, p.PID, marked[0].PID)

	later := p
	later.Start += "1"
	require.NoError(t, later.Signal(syscall.SIGKILL), "another process of that number is spared")
	now, err := Read(p.PID)
	require.NoError(t, err)
	require.False(t, now.Dead())

	require.NoError(t, p.Signal(syscall.SIGKILL))
	require.Error(t, cmd.Wait())
	_, err = Read(p.PID)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, p.Signal(syscall.SIGKILL))
}
