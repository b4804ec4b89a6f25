package journal_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/proc"
	"github.com/tertium-dev/tertium/harness/journal"
)

const patience = 20 * time.Second

// begun is a shell that began a sleeper of its own, in a group of theirs.
type begun struct {
	cmd     *exec.Cmd
	sleeper proc.Process
}

func beginProcess(t *testing.T, environment ...string) begun {
	t.Helper()
	cmd := exec.Command("sh", "-c", "sleep 3600 & echo $!; wait")
	cmd.Env = append(os.Environ(), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	number := make([]byte, 16)
	n, err := out.Read(number)
	require.NoError(t, err)
	var pid int
	for _, c := range strings.TrimSpace(string(number[:n])) {
		pid = 10*pid + int(c-'0')
	}
	sleeper, err := proc.Read(pid)
	require.NoError(t, err)
	return begun{cmd, sleeper}
}

func (b begun) entry(t *testing.T) cluster.Entry {
	t.Helper()
	e, err := journal.Process(b.cmd.Process.Pid)
	require.NoError(t, err)
	return e
}

func (b begun) requireAlive(t *testing.T, want bool) {
	t.Helper()
	for _, pid := range []int{b.cmd.Process.Pid, b.sleeper.PID} {
		p, err := proc.Read(pid)
		require.Equal(t, want, err == nil && !p.Dead(), "process %d: %v %v", pid, p, err)
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestEndProcessEndsItsGroup(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		b := beginProcess(t)
		entry := b.entry(t)
		if stopped {
			require.NoError(t, syscall.Kill(-b.cmd.Process.Pid, syscall.SIGSTOP))
		}
		what, err := journal.EndProcess(within(t), entry)
		require.NoError(t, err)
		require.Equal(t, "killed 2", what)
		b.requireAlive(t, false)
		what, err = journal.EndProcess(within(t), entry)
		require.NoError(t, err)
		require.Equal(t, "already gone", what)
	}
}

func TestEndProcessSparesWhoeverHasTheNumberNow(t *testing.T) {
	b := beginProcess(t)
	entry := b.entry(t)
	boot, start, _ := strings.Cut(entry.Detail, " ")
	for _, detail := range []string{boot + " 1" + start, "another-boot " + start} {
		what, err := journal.EndProcess(within(t), cluster.Entry{Kind: entry.Kind, Name: entry.Name, Detail: detail})
		require.NoError(t, err)
		require.Equal(t, "already gone", what)
	}
	for _, bad := range []cluster.Entry{
		{Name: entry.Name}, {Name: "1", Detail: entry.Detail}, {Name: "-1", Detail: entry.Detail}, {Name: "0", Detail: entry.Detail},
		{Name: "x", Detail: entry.Detail},
	} {
		_, err := journal.EndProcess(within(t), bad)
		require.Error(t, err)
	}
	b.requireAlive(t, true)
}

func TestEndRunFindsStraysByTheirToken(t *testing.T) {
	mine := beginProcess(t, journal.RunVariable+"=token-7")
	other := beginProcess(t, journal.RunVariable+"=token-70")
	what, err := journal.EndRun(within(t), journal.Run("token-7"))
	require.NoError(t, err)
	require.Equal(t, "killed 2", what)
	mine.requireAlive(t, false)
	other.requireAlive(t, true)
	what, err = journal.EndRun(within(t), journal.Run("token-7"))
	require.NoError(t, err)
	require.Equal(t, "already gone", what)
	_, err = journal.EndRun(within(t), journal.Run(""))
	require.Error(t, err)
}

func TestProcessThatIsGone(t *testing.T) {
	cmd := exec.Command("true")
	require.NoError(t, cmd.Run())
	_, err := journal.Process(cmd.Process.Pid)
	require.Error(t, err)
}
