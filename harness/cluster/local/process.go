package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/proc"
	"github.com/tertium-dev/tertium/harness/journal"
)

// pollState is how often a process is looked at until it is as it was asked to
// be.
const pollState = time.Millisecond

// drainTimeout bounds the wait for the last words in a log when somebody who
// left the process group holds it open.
const drainTimeout = 500 * time.Millisecond

// process is one run of a node.
type process struct {
	cmd   *exec.Cmd
	entry int64 // in the journal; 0 where processes cannot be journaled
	asked atomic.Bool
	// held is what was asked last, for systems that do not tell.
	held atomic.Bool

	ctx  context.Context // ends when the process and its group are gone
	gone context.CancelFunc
}

// launch begins the process of a node, in a group of its own, and sees to it
// from then on. If it returns a process with an error, that process has to be
// ended.
func launch(n *Node, command cluster.Command) (*process, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for its log: %w", err)
	}
	path := command.Path
	if strings.ContainsRune(path, filepath.Separator) {
		// Relative to where the harness is, not to the node's folder.
		if path, err = filepath.Abs(path); err != nil {
			return nil, errors.Join(err, reader.Close(), writer.Close())
		}
	}
	cmd := exec.Command(path, command.Args...)
	cmd.Dir = n.data
	if n.disk != nil {
		cmd, err = moving(cmd)
		if err != nil {
			return nil, errors.Join(err, reader.Close(), writer.Close())
		}
	}
	cmd.Env = append(append(os.Environ(), command.Env...), journal.RunVariable+"="+n.cluster.token)
	cmd.Stdout, cmd.Stderr = writer, writer
	cmd.SysProcAttr = attributes()
	err = n.cluster.spawner.start(cmd)
	writer.Close() // the child has its own
	if err != nil {
		reader.Close()
		return nil, err
	}
	p := &process{cmd: cmd}
	p.ctx, p.gone = context.WithCancel(context.Background())
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer reader.Close()
		n.log.Drain(reader)
	}()
	// It is not waited for yet, so that its number is its own until it is
	// written down.
	err = p.record(n.cluster.undo.Journal())
	go p.wait(n, drained)
	return p, err
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) record(j cluster.Journal) error {
	entry, err := journal.Process(p.pid())
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	p.entry, err = j.Record(entry)
	return err
}

// wait waits for the end of a process, ends its group with it, and tells the
// node.
func (p *process) wait(n *Node, drained <-chan struct{}) {
	waitUnreaped(p.pid())
	// The leader is dead and still holds the group's number.
	p.signalGroup(syscall.SIGKILL)
	p.cmd.Wait() // its error is the exit code
	p.waitGroup()
	select {
	case <-drained:
	case <-time.After(drainTimeout):
	}
	code, signal := p.cmd.ProcessState.ExitCode(), ""
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		signal = status.Signal().String()
	}
	if p.entry != 0 {
		if err := n.cluster.undo.Journal().Done(p.entry); err != nil {
			n.log.Mark(time.Since(n.cluster.opened), "the journal was not told: %v", err)
		}
	}
	n.ended(p, code, signal)
	p.gone()
}

// waitGroup waits until nobody of the group lives any more. Its members are not
// our children, so that only looking tells.
func (p *process) waitGroup() {
	deadline := time.Now().Add(goneTimeout)
	for time.Now().Before(deadline) {
		if errors.Is(syscall.Kill(-p.pid(), 0), syscall.ESRCH) {
			return
		}
		living, err := proc.List(func(q proc.Process) bool { return q.Group == p.pid() })
		if err != nil || len(living) == 0 {
			return
		}
		time.Sleep(pollState)
	}
}

// signal sends a signal to the process alone.
func (p *process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// signalGroup sends a signal to the whole group. It does nothing once the group
// is gone.
func (p *process) signalGroup(s syscall.Signal) error {
	if p.ctx.Err() != nil {
		return nil
	}
	err := syscall.Kill(-p.pid(), s)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return os.NewSyscallError("kill", err)
	}
	if s == syscall.SIGSTOP || s == syscall.SIGCONT {
		p.held.Store(s == syscall.SIGSTOP)
	}
	return nil
}

// state is what the operating system says of the process, or what was last
// asked of it where that is silent.
func (p *process) state() cluster.State {
	if p.ctx.Err() != nil {
		return cluster.Down
	}
	seen, err := proc.Read(p.pid())
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		if p.held.Load() {
			return cluster.Paused
		}
		return cluster.Running
	case err != nil || seen.Dead():
		return cluster.Down
	case seen.Stopped():
		return cluster.Paused
	}
	return cluster.Running
}
