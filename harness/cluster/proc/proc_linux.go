package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Read looks at one process. If there is none of that number the error is
// [fs.ErrNotExist] or ESRCH.
func Read(pid int) (Process, error) {
	text, err := os.ReadFile(file(pid, "stat"))
	if err != nil {
		return Process{}, err
	}
	p, err := parse(text)
	if err != nil {
		return Process{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	return p, nil
}

// parse reads /proc/<pid>/stat, see proc_pid_stat(5).
func parse(text []byte) (Process, error) {
	// The second field is the program's name in parentheses, and may itself
	// have spaces and parentheses in it.
	name, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if name < 0 || end < name {
		return Process{}, fs.ErrInvalid
	}
	fields := bytes.Fields(text[end+1:])
	const state, group, start = 0, 2, 19 // fields 3, 5 and 22 of the manual
	if len(fields) <= start || len(fields[state]) != 1 {
		return Process{}, fs.ErrInvalid
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:name])))
	if err != nil {
		return Process{}, err
	}
	pgrp, err := strconv.Atoi(string(fields[group]))
	if err != nil {
		return Process{}, err
	}
	return Process{PID: pid, Group: pgrp, State: fields[state][0], Start: string(fields[start])}, nil
}

// List lists the living processes that are meant, never this one.
func List(meant func(Process) bool) ([]Process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var out []Process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		p, err := Read(pid)
		if err != nil || p.Dead() || !meant(p) {
			continue
		}
		out = append(out, p)
	}
	return out, nil
}

// Carries says whether a process was started with that variable in its
// environment. One that may not be looked at belongs to somebody else.
func (p Process) Carries(variable, value string) bool {
	environ, err := os.ReadFile(file(p.PID, "environ"))
	if err != nil {
		return false
	}
	want := []byte(variable + "=" + value)
	for v := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.Equal(v, want) {
			return true
		}
	}
	return false
}

// Signal sends a signal to exactly this process, and does nothing if it is
// gone. The handle is bound to whatever process has the number now, so that if
// the start time is still right after it was taken, no other process can be hit
// (see pidfd_open(2)).
func (p Process) Signal(signal os.Signal) error {
	handle, err := os.FindProcess(p.PID)
	if err != nil {
		return err
	}
	defer handle.Release()
	now, err := Read(p.PID)
	if err != nil || now.Start != p.Start {
		return nil
	}
	if err := handle.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %s to process %d: %w", signal, p.PID, err)
	}
	return nil
}

// Boot identifies the boot since which process numbers and start times count.
func Boot() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("reading the boot's id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}

func file(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}
