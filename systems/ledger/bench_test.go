package ledger_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/systems/ledger"
)

// BenchmarkCluster is what three nodes and 24 clients do on this machine, over
// proxied links, without faults.
func BenchmarkCluster(b *testing.B) {
	for _, f := range []string{"read", "write", "deposit"} {
		b.Run(f, func(b *testing.B) {
			c := open(b, plan.Config{})
			var next, failed atomic.Int64
			var wait sync.WaitGroup
			b.ResetTimer()
			for worker := range 24 {
				node := c.Nodes()[worker%3]
				client, err := ledger.System{}.Open(node.Name(), c.Link(cluster.Client, node.Name()).Addr(), plan.Config{})
				require.NoError(b, err)
				wait.Go(func() {
					defer client.Close()
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if client.Invoke(b.Context(), benchOp(f, n)).Outcome != history.OK {
							failed.Add(1)
						}
					}
				})
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
			b.ReportMetric(float64(failed.Load()), "failed")
		})
	}
}

func benchOp(f string, n int64) harness.Invocation {
	account := fmt.Sprintf("a%d", n%20)
	if f == "deposit" {
		return harness.Invocation{
			F: "deposit", Key: "t1/" + account, Idem: fmt.Sprintf("t1/deposit/k%d", n),
			Value: map[string]any{"tenant": "t1", "account": account, "amount": n},
		}
	}
	return harness.Invocation{F: f, Key: account, Value: n}
}
