package harness

import (
	"fmt"
	"runtime/debug"
)

// guard turns a panic of a system, workload or nemesis into an error, so that
// faults are healed and nodes ended as after any other failure.
func guard(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return do()
}
