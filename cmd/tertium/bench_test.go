package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses"
	"github.com/tertium-dev/tertium/systems/ledger"
)

// benchTime is how long each side of the comparison works.
const benchTime = 5 * time.Second

// BenchmarkWholeHarness compares the operations a second of a whole run, with
// its links, recording and workers, with those of the same clients in a bare
// loop straight at the nodes of an equal cluster.
func BenchmarkWholeHarness(b *testing.B) {
	config := plan.Config{
		Runtime: "local", Workload: "register", Time: benchTime, WarmUp: time.Millisecond,
		Faults: []string{}, Rate: 20_000,
	}
	t, err := prepare(1, config, ledger.System{})
	require.NoError(b, err)
	for b.Loop() {
		bare := bareLoop(b, t)
		whole := wholeHarness(b, t)
		b.ReportMetric(bare, "bare-ops/s")
		b.ReportMetric(whole, "harness-ops/s")
		b.ReportMetric(whole/bare, "ratio")
	}
}

func wholeHarness(b *testing.B, t test) float64 {
	dir := b.TempDir()
	_, err := harness.Run(b.Context(), harness.Test{
		Plan: t.plan, System: t.system, Workload: t.workload, Kinds: t.kinds, Runtime: local.Runtime{},
		Framer: nemeses.Framers()[t.system.Protocol()], Dir: dir, History: dir + "/history",
	})
	require.NoError(b, err)
	h, err := history.ReadDir(dir + "/history")
	require.NoError(b, err)
	done := 0
	for _, op := range h.Operations() {
		if op.Phase == "faults" && op.Outcome != history.Unknown {
			done++
		}
	}
	return float64(done) / benchTime.Seconds()
}

// bareLoop does the plan's operations with the system's client and nothing
// else.
func bareLoop(b *testing.B, t test) float64 {
	config := t.plan.Config
	specs, err := t.system.Nodes(config)
	require.NoError(b, err)
	nodes, err := local.Runtime{}.Open(b.Context(), specs, cluster.Options{Dir: b.TempDir()})
	require.NoError(b, err)
	defer nodes.Close()
	var starting sync.WaitGroup
	for _, node := range nodes.Nodes() {
		starting.Go(func() { require.NoError(b, node.Start(b.Context())) })
	}
	starting.Wait()
	require.Eventually(b, func() bool { return t.system.Settled(b.Context(), nodes) == nil }, 30*time.Second, 10*time.Millisecond)

	resolver := t.workload.Resolver(config)
	ctx, cancel := context.WithTimeout(b.Context(), benchTime)
	defer cancel()
	var done atomic.Int64
	var working sync.WaitGroup
	for worker, lane := range t.plan.Lanes {
		node := nodes.Nodes()[worker%len(specs)]
		client, err := t.system.Open(node.Name(), node.Addr("client"), config)
		require.NoError(b, err)
		working.Go(func() {
			defer client.Close()
			for _, op := range lane {
				if ctx.Err() != nil {
					return
				}
				op = resolver.Resolve(worker, op)
				call, cancel := context.WithTimeout(ctx, config.Timeout)
				c := client.Invoke(call, harness.Invocation{F: op.F, Key: op.Key, Idem: op.Idem, Value: op.Value})
				cancel()
				resolver.Observe(worker, op, c)
				if c.Outcome != history.Unknown {
					done.Add(1)
				}
			}
		})
	}
	working.Wait()
	return float64(done.Load()) / benchTime.Seconds()
}
