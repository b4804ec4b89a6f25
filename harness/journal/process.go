package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/proc"
)

// Kinds of entries for processes.
const (
	// KindProcess is one process with its process group. The entry's name is
	// its number and its detail what tells it from a later process of the same
	// number.
	KindProcess = "process"
	// KindRun is every process of a run, known by the token in its
	// environment. It covers a process that was started when its own entry was
	// not yet written, and processes that left their group.
	KindRun = "run"
)

// RunVariable is the environment variable that carries the token of a run to
// every process of it.
const RunVariable = "TERTIUM_RUN"

// pollEvery is how often a process that was killed is looked at until it is
// gone. The kernel tells only parents.
const pollEvery = 2 * time.Millisecond

// errNotOurs says that an entry cannot be one of this program.
var errNotOurs = errors.New("the entry does not name a process of a run")

// Run is the entry for all processes that carry the token.
func Run(token string) cluster.Entry {
	return cluster.Entry{Kind: KindRun, Name: token}
}

// Process is the entry for a process that runs now. Where the operating system
// does not tell one process from another the error is [errors.ErrUnsupported].
func Process(pid int) (cluster.Entry, error) {
	boot, err := proc.Boot()
	if err != nil {
		return cluster.Entry{}, err
	}
	p, err := proc.Read(pid)
	if err != nil {
		return cluster.Entry{}, fmt.Errorf("identifying process %d: %w", pid, err)
	}
	return cluster.Entry{Kind: KindProcess, Name: strconv.Itoa(pid), Detail: boot + " " + p.Start}, nil
}

// Undoers are the undoers for the kinds of this package.
func Undoers() map[string]Undoer {
	return map[string]Undoer{
		KindProcess: EndProcess,
		KindRun:     EndRun,
		KindFolder:  RemoveFolder,
	}
}

// EndProcess is the [Undoer] of [KindProcess]. It kills the process and its
// group, if the process is still the one that the entry was written for.
func EndProcess(ctx context.Context, entry cluster.Entry) (string, error) {
	pid, err := strconv.Atoi(entry.Name)
	boot, start, found := strings.Cut(entry.Detail, " ")
	if err != nil || pid <= 1 || !found {
		return "", fmt.Errorf("%w: %q", errNotOurs, entry.Name)
	}
	if now, err := proc.Boot(); err != nil {
		return "", err
	} else if now != boot {
		return alreadyGone, nil
	}
	leader, err := proc.Read(pid)
	if err != nil || leader.Start != start || leader.Dead() {
		return alreadyGone, nil
	}
	// The leader goes last, and begins nothing new until then: as long as it is
	// there, no other group can have its number.
	if err := leader.Signal(syscall.SIGSTOP); err != nil {
		return "", err
	}
	members, err := endAll(ctx, func(p proc.Process) bool { return p.Group == pid && p.PID != pid })
	if err != nil {
		return "", err
	}
	if _, err := endAll(ctx, func(p proc.Process) bool { return p.PID == pid && p.Start == start }); err != nil {
		return "", err
	}
	return said(members + 1), nil
}

// EndRun is the [Undoer] of [KindRun].
func EndRun(ctx context.Context, entry cluster.Entry) (string, error) {
	if entry.Name == "" {
		return "", errNotOurs
	}
	killed, err := endAll(ctx, func(p proc.Process) bool { return p.Carries(RunVariable, entry.Name) })
	if err != nil {
		return "", err
	}
	return said(killed), nil
}

// endAll kills every living process that is meant, and looks again until there
// is none: one may have begun another meanwhile. It returns how many it killed.
func endAll(ctx context.Context, meant func(proc.Process) bool) (int, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	killed := map[proc.Process]bool{}
	for {
		living, err := proc.List(meant)
		if err != nil {
			return 0, err
		}
		for _, p := range living {
			if err := p.Signal(syscall.SIGKILL); err != nil {
				return 0, err
			}
			killed[proc.Process{PID: p.PID, Start: p.Start}] = true
		}
		if len(living) == 0 {
			return len(killed), nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("waiting for process %d to go: %w", living[0].PID, ctx.Err())
		}
	}
}

func said(killed int) string {
	if killed == 0 {
		return alreadyGone
	}
	return fmt.Sprintf("killed %d", killed)
}
