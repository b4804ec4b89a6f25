package local

import (
	"os/exec"
	"runtime"
	"sync"
)

// spawner begins processes from one thread that lasts as long as it does. The
// parent-death signal of a child comes when the thread that began it ends (see
// PR_SET_PDEATHSIG(2const)), and Go ends threads when it likes.
type spawner struct {
	work chan func()
	done sync.Once
}

func newSpawner() *spawner {
	s := &spawner{work: make(chan func())}
	go func() {
		// Never unlocked: the thread ends with this goroutine.
		runtime.LockOSThread()
		for f := range s.work {
			f()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	s.work <- func() { result <- cmd.Start() }
	return <-result
}

// stop ends the thread. No process of it may be left, and none may be begun.
func (s *spawner) stop() { s.done.Do(func() { close(s.work) }) }
