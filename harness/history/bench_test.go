package history_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/internal/historytest"
)

// recordTypical leaves the lanes of n operations by 20 clients in dir.
func recordTypical(t testing.TB, dir string, n int) {
	t.Helper()
	const clients = 20
	recorder := newRecorder(t, dir)
	var lanes [clients]*history.Lane
	var batches [clients][]history.Event
	for i := range lanes {
		lanes[i] = newLane(t, recorder, strconv.Itoa(i))
	}
	for i := range n {
		pair := historytest.Typical(i, clients)
		// Each client calls once in a round, then each gets its reply.
		round, client := time.Duration(i/clients)*2*clients, time.Duration(i%clients)
		pair[0].Time, pair[1].Time = round+client, round+clients+client
		batches[i%clients] = append(batches[i%clients], pair[:]...)
		if len(batches[i%clients]) >= 1000 || i >= n-clients {
			require.NoError(t, lanes[i%clients].Append(batches[i%clients]))
			batches[i%clients] = batches[i%clients][:0]
		}
	}
	require.NoError(t, recorder.Close())
}

func eventRate(b *testing.B, events int) {
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkRecord(b *testing.B) {
	for name, durability := range map[string]history.Durability{"survives=process": history.SurvivesProcess, "survives=machine": history.SurvivesMachine} {
		for _, parallelism := range []int{0, 8} {
			b.Run(fmt.Sprintf("%s/lanes=%d", name, max(1, parallelism*runtime.GOMAXPROCS(0))), func(b *testing.B) {
				recorder, err := history.NewRecorder(b.TempDir(), history.NewClock(nil), history.RecorderOptions{Durability: durability})
				require.NoError(b, err)
				record := func(lane *history.Lane, pair [2]history.Event) {
					if _, err := lane.Invoke(pair[0]); err != nil {
						b.Error(err)
					}
					if _, err := lane.Complete(pair[1]); err != nil {
						b.Error(err)
					}
				}
				b.ReportAllocs()
				if parallelism == 0 {
					lane, pair := newLane(b, recorder, "0"), historytest.Typical(12345, 20)
					for b.Loop() {
						record(lane, pair)
					}
				} else {
					var workers atomic.Int64
					b.SetParallelism(parallelism)
					b.RunParallel(func(pb *testing.PB) {
						worker := int(workers.Add(1))
						lane, pair := newLane(b, recorder, strconv.Itoa(worker)), historytest.Typical(worker, 20)
						for pb.Next() {
							record(lane, pair)
						}
					})
				}
				eventRate(b, 2)
				require.NoError(b, recorder.Close())
			})
		}
	}
}

func BenchmarkStamp(b *testing.B) {
	clock := history.NewClock(nil)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			clock.Stamp()
		}
	})
}

const benchOperations = 100_000

func BenchmarkSeal(b *testing.B) {
	source := b.TempDir()
	recordTypical(b, source, benchOperations)
	var text, sealed int64
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		text = 0
		for _, name := range names(b, source) {
			lane, err := os.ReadFile(filepath.Join(source, name))
			require.NoError(b, err)
			text += int64(len(lane))
			require.NoError(b, os.WriteFile(filepath.Join(dir, name), lane, 0o600))
		}
		b.StartTimer()
		_, err := history.Seal(dir)
		require.NoError(b, err)
		b.StopTimer()
		info, err := os.Stat(filepath.Join(dir, history.SealedName))
		require.NoError(b, err)
		sealed = info.Size()
		b.StartTimer()
	}
	eventRate(b, 2*benchOperations)
	b.ReportMetric(float64(text)/(2*benchOperations), "text-B/event")
	b.ReportMetric(float64(sealed)/(2*benchOperations), "sealed-B/event")
}

func BenchmarkRead(b *testing.B) {
	lanes, sealed := b.TempDir(), b.TempDir()
	recordTypical(b, lanes, benchOperations)
	recordTypical(b, sealed, benchOperations)
	_, err := history.Seal(sealed)
	require.NoError(b, err)
	for name, dir := range map[string]string{"lanes": lanes, "sealed": sealed} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h, err := history.ReadDir(dir)
				require.NoError(b, err)
				require.Len(b, h.Events, 2*benchOperations)
			}
			eventRate(b, 2*benchOperations)
		})
	}
	h, err := history.ReadDir(sealed)
	require.NoError(b, err)
	var text bytes.Buffer
	require.NoError(b, history.WriteEDN(&text, h))
	b.Run("edn", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := history.Read(bytes.NewReader(text.Bytes()), history.Detect)
			require.NoError(b, err)
		}
		eventRate(b, 2*benchOperations)
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			_, err := history.Verify(filepath.Join(sealed, history.SealedName))
			require.NoError(b, err)
		}
		eventRate(b, 2*benchOperations)
	})
	b.Run("operations", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.Operations()
		}
		eventRate(b, 2*benchOperations)
	})
	b.Run("validate", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, h.Validate())
		}
		eventRate(b, 2*benchOperations)
	})
}

// BenchmarkMemory reports what a history and its operations hold on to.
func BenchmarkMemory(b *testing.B) {
	dir := b.TempDir()
	recordTypical(b, dir, benchOperations)
	_, err := history.Seal(dir)
	require.NoError(b, err)
	var events, operations float64
	for b.Loop() {
		empty := heap()
		h, err := history.ReadDir(dir)
		require.NoError(b, err)
		read := heap()
		paired := h.Operations()
		events, operations = read-empty, heap()-read
		runtime.KeepAlive(h)
		runtime.KeepAlive(paired)
	}
	b.ReportMetric(events/benchOperations, "MB/million-read")
	b.ReportMetric(operations/benchOperations, "MB/million-paired")
}

func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
