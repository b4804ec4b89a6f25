package checktest

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// BenchMax is the environment variable that bounds the sizes of benchmarks.
const BenchMax = "TERTIUM_BENCH_MAX"

// BenchSizes are the numbers of operations to measure: 10,000 and each ten times
// the one before, up to a million, or what [BenchMax] says.
func BenchSizes(b *testing.B) []int {
	most := 1_000_000
	if text := os.Getenv(BenchMax); text != "" {
		var err error
		most, err = strconv.Atoi(text)
		require.NoError(b, err, "%s must be a number of operations", BenchMax)
	}
	var sizes []int
	for n := 10_000; n <= most; n *= 10 {
		sizes = append(sizes, n)
	}
	return sizes
}

// BenchFolder writes a history into a folder, sealed and with its columns.
func BenchFolder(b *testing.B, h *history.History) string {
	b.Helper()
	dir := b.TempDir()
	recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
	require.NoError(b, err)
	lane, err := recorder.Lane("bench")
	require.NoError(b, err)
	for at := 0; at < len(h.Events); at += 4096 {
		require.NoError(b, lane.Append(h.Events[at:min(at+4096, len(h.Events))]))
	}
	require.NoError(b, recorder.Close())
	_, err = columns.Seal(dir)
	require.NoError(b, err)
	require.FileExists(b, filepath.Join(dir, columns.FileName))
	return dir
}

// Measure runs f as the body of a benchmark over so many operations. Beside
// what testing reports, it reports for each operation the time and the
// processor time, and the most memory that the process held at once, what was
// there before included. On a machine that others use, processor time tells
// more than time.
func Measure(b *testing.B, operations int, f func()) {
	b.Helper()
	b.ReportAllocs()
	debug.FreeOSMemory()
	peak := watchMemory()
	start, runs := processorTime(b), 0
	for b.Loop() {
		runs++
		f()
	}
	used := processorTime(b) - start
	all := float64(runs) * float64(operations)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/all, "ns/operation")
	b.ReportMetric(float64(used.Nanoseconds())/all, "cpu-ns/operation")
	b.ReportMetric(float64(peak())/1e6, "peak-MB")
}

// processorTime is the processor time that this process has used.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// watchMemory watches the memory that the runtime holds, in bytes, until the
// function that it returns is called for the most that it saw.
func watchMemory() (most func() uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	peak := uint64(0)
	look := func() {
		metrics.Read(samples)
		peak = max(peak, samples[0].Value.Uint64()-samples[1].Value.Uint64())
	}
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticks := time.NewTicker(2 * time.Millisecond)
		defer ticks.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticks.C:
				look()
			}
		}
	})
	return func() uint64 {
		close(stop)
		watching.Wait()
		look()
		return peak
	}
}
