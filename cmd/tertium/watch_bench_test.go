//go:build unix

package main

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses"
	"github.com/tertium-dev/tertium/systems/ledger"
)

// BenchmarkMonitors compares the operations a second of whole runs, and the
// processor time that each takes in the harness and in its nodes, without and with
// monitors, one after the other. It reports the medians. Where the processor is
// what bounds them, the time tells more than the rate: it is hardly disturbed by
// what else goes on.
func BenchmarkMonitors(b *testing.B) {
	config := plan.Config{
		Runtime: "local", Workload: "register,ledger", Time: benchTime, WarmUp: time.Millisecond,
		Faults: []string{}, Rate: 4_000,
	}
	t, err := prepare(1, config, ledger.System{})
	require.NoError(b, err)
	var rates, costs [2][]float64
	for b.Loop() {
		for with, watch := range []watching{{}, {monitor: true}} {
			rate, cost := monitoredRun(b, t, watch)
			rates[with], costs[with] = append(rates[with], rate), append(costs[with], cost)
		}
	}
	median := func(of []float64) float64 {
		slices.Sort(of)
		return of[len(of)/2]
	}
	b.ReportMetric(median(rates[0]), "plain-ops/s")
	b.ReportMetric(median(rates[1]), "monitored-ops/s")
	b.ReportMetric(median(rates[1])/median(rates[0]), "ratio")
	b.ReportMetric(median(costs[0]), "plain-µs/op")
	b.ReportMetric(median(costs[1]), "monitored-µs/op")
}

// monitoredRun returns the operations a second of a run, and the processor time
// of each in microseconds.
func monitoredRun(b *testing.B, t test, watch watching) (rate, cost float64) {
	dir := b.TempDir()
	before := processorTime(b)
	record, err := harness.Run(b.Context(), harness.Test{
		Plan: t.plan, System: t.system, Workload: t.workload, Kinds: t.kinds, Runtime: local.Runtime{},
		Framer: nemeses.Framers()[t.system.Protocol()], Dir: dir, History: dir + "/history", Monitors: watch.monitors(t),
	})
	require.NoError(b, err)
	spent := processorTime(b) - before
	for _, o := range record.Observed {
		require.Nil(b, o.Violation)
	}
	h, err := history.ReadDir(dir + "/history")
	require.NoError(b, err)
	done, all := 0, h.Operations()
	for _, op := range all {
		if op.Phase == "faults" && op.Outcome != history.Unknown {
			done++
		}
	}
	return float64(done) / benchTime.Seconds(), float64(spent.Microseconds()) / float64(len(all))
}

// processorTime is what this process has taken, and the nodes that ended.
func processorTime(b *testing.B) (all time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		require.NoError(b, syscall.Getrusage(who, &usage))
		all += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return all
}
