package history_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

const recordForeverInto = "TEST_RECORD_FOREVER_INTO"

// TestMain lets the test binary be the harness that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(recordForeverInto); dir != "" {
		recordForever(dir)
	}
	os.Exit(m.Run())
}

// recordForever records from four workers and says of each event that it has
// been recorded, in one write a line.
func recordForever(dir string) {
	recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
	if err != nil {
		panic(err)
	}
	var workers sync.WaitGroup
	for process := range 4 {
		lane, err := recorder.Lane(strconv.Itoa(process))
		if err != nil {
			panic(err)
		}
		workers.Go(func() {
			for i := int64(0); ; i++ {
				e := history.Event{Process: process, F: "write", Value: i, Ref: strings.Repeat("long", int(i%50))}
				if _, err := lane.Invoke(e); err != nil {
					panic(err)
				}
				fmt.Printf("invoked %d %d\n", process, i)
				e.Outcome = history.OK
				if _, err := lane.Complete(e); err != nil {
					panic(err)
				}
				fmt.Printf("completed %d %d\n", process, i)
			}
		})
	}
	workers.Wait()
}

func TestRecordedEventsSurviveKill9(t *testing.T) {
	for kill := range 5 {
		dir := t.TempDir()
		self, err := os.Executable()
		require.NoError(t, err)
		harness := exec.Command(self)
		harness.Env = append(os.Environ(), recordForeverInto+"="+dir)
		harness.Stderr = os.Stderr
		said, err := harness.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, harness.Start())
		invoked, completed := map[int]int64{}, map[int]int64{}
		lines := bufio.NewScanner(said)
		for heard := 0; lines.Scan(); heard++ {
			if heard == 500+kill*137 {
				require.NoError(t, harness.Process.Kill())
			}
			var what string
			var process int
			var value int64
			_, err := fmt.Sscan(lines.Text(), &what, &process, &value)
			require.NoError(t, err)
			if what == "invoked" {
				invoked[process] = value
			} else {
				completed[process] = value
			}
		}
		require.NoError(t, lines.Err())
		require.Error(t, harness.Wait())
		h, err := history.ReadDir(dir)
		require.NoError(t, err)
		last := map[int]history.Operation{}
		counts := map[int]int64{}
		for _, operation := range h.Operations() {
			require.Equal(t, counts[operation.Process], operation.Input, "no operation is missing in between")
			if before, ok := last[operation.Process]; ok {
				require.Equal(t, history.OK, before.Outcome)
			}
			counts[operation.Process]++
			last[operation.Process] = operation
		}
		for process, value := range invoked {
			require.GreaterOrEqual(t, last[process].Input, value, "process %d", process)
		}
		for process, value := range completed {
			if last[process].Input == value {
				require.Equal(t, history.OK, last[process].Outcome, "process %d", process)
			} else {
				require.Greater(t, last[process].Input, value, "process %d", process)
			}
		}
		_, err = history.Seal(dir)
		require.NoError(t, err)
	}
}
