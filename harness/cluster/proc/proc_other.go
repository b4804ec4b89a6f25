//go:build !linux

package proc

import (
	"errors"
	"fmt"
	"os"
)

// errNoProc says why processes are only known on Linux.
var errNoProc = fmt.Errorf("this system does not tell when a process was started: %w", errors.ErrUnsupported)

// Read looks at one process.
func Read(int) (Process, error) { return Process{}, errNoProc }

// List lists the living processes that are meant.
func List(func(Process) bool) ([]Process, error) { return nil, errNoProc }

// Carries says whether a process has that variable in its environment.
func (p Process) Carries(string, string) bool { return false }

// Signal sends a signal to exactly this process.
func (p Process) Signal(os.Signal) error { return errNoProc }

// Boot identifies the boot.
func Boot() (string, error) { return "", errNoProc }
