package columns

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

// registerEvents streams the events of n operations of a register workload with
// 20 clients and 100 keys, every other operation a read.
func registerEvents(n int, each func(*history.Event) error) error {
	const clients = 20
	keys := make([]string, 100)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
	}
	nodes := []string{"n0", "n1", "n2"}
	index := 0
	for round := 0; round < n; round += clients {
		for _, kind := range []history.Kind{history.Invoke, history.Complete} {
			for i := round; i < min(n, round+clients); i++ {
				e := history.Event{
					Index: index, Time: time.Duration(index), Kind: kind, Process: i % clients,
					F: "write", Key: keys[i/2%len(keys)], Node: nodes[i%len(nodes)],
				}
				if kind == history.Complete {
					e.Outcome = history.OK
				}
				if i%2 == 1 {
					e.F = "read"
				}
				if (kind == history.Invoke) == (e.F == "write") {
					e.Value = int64(i / 2)
				}
				if err := each(&e); err != nil {
					return err
				}
				index++
			}
		}
	}
	return nil
}

func build(t testing.TB, n int) *Columns {
	b := newBuilder()
	require.NoError(t, registerEvents(n, b.add))
	return b.finish("")
}

func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// sizes are the numbers of operations to measure: 10,000 and each ten times the
// one before, up to a million, or what TERTIUM_BENCH_MAX says.
func sizes(b *testing.B) []int {
	most := 1_000_000
	if text := os.Getenv("TERTIUM_BENCH_MAX"); text != "" {
		var err error
		most, err = strconv.Atoi(text)
		require.NoError(b, err, "TERTIUM_BENCH_MAX must be a number of operations")
	}
	var all []int
	for n := 10_000; n <= most; n *= 10 {
		all = append(all, n)
	}
	return all
}

// perOperation reports what testing reports of a round for each operation.
func perOperation(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(fmt.Sprint("register/", n), func(b *testing.B) {
			empty, full := heap(), 0.0
			for b.Loop() {
				c := build(b, n)
				b.StopTimer()
				full = heap()
				runtime.KeepAlive(c)
				b.StartTimer()
			}
			perOperation(b, n)
			b.ReportMetric((full-empty)/float64(n), "B/operation")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(fmt.Sprint("register/", n), func(b *testing.B) {
			var file bytes.Buffer
			require.NoError(b, encode(&file, build(b, n), hash{}))
			runtime.GC()
			b.SetBytes(int64(file.Len()))
			for b.Loop() {
				_, _, err := decode(bytes.NewReader(file.Bytes()), int64(file.Len()))
				require.NoError(b, err)
			}
			perOperation(b, n)
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(fmt.Sprint("register/", n), func(b *testing.B) {
			c := build(b, n)
			for b.Loop() {
				var file bytes.Buffer
				require.NoError(b, encode(&file, c, hash{}))
				b.SetBytes(int64(file.Len()))
			}
			perOperation(b, n)
		})
	}
}
