package lock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/lock"
)

func config(change func(*plan.Config)) plan.Config {
	c := plan.Config{System: "none", Workload: "lock", Nodes: []string{"n1", "n2", "n3"}, Options: map[string]string{}}
	if change != nil {
		change(&c)
	}
	lock.Workload{}.Defaults(&c)
	return c
}

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	c := config(change)
	require.NoError(t, lock.Workload{}.Validate(c))
	p, err := plan.Expand(1, c, lock.Workload{}.Generators(c), nil)
	require.NoError(t, err)
	return p
}

// Sections are whole and in order, those of stopped holders last longer than their
// lease, and at last every count is read through every node.
func TestTraffic(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*plan.Config)
		stalled bool
	}{
		"as it is":       {nil, true},
		"all stopped":    {func(c *plan.Config) { c.Options["stalled"] = "100" }, true},
		"nobody stopped": {func(c *plan.Config) { c.Options["stalled"] = "0" }, false},
		"one worker":     {func(c *plan.Config) { c.Workers = 1 }, true},
		"one lock":       {func(c *plan.Config) { c.Keys = 1 }, true},
		"slow":           {func(c *plan.Config) { c.Rate, c.Options["stalled"] = 1, "0" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, test.change)
			used, stopped, sections := map[string]bool{}, 0, 0
			for phase, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
				for _, lane := range lanes {
					for i := 0; i+4 < len(lane); i += 5 {
						sections++
						acquire, release := lane[i], lane[i+4]
						require.Equal(t, "acquire", acquire.F)
						require.Equal(t, "release", release.F)
						terms := acquire.Value.(map[string]any)
						require.Equal(t, int64(2), terms["ttl_s"])
						for _, op := range lane[i+1 : i+4] {
							require.Equal(t, plan.Op{Ref: op.Ref, At: op.At, F: "add-and-get", Key: acquire.Key, Value: int64(1)}, op)
						}
						require.Equal(t, acquire.Key, release.Key)
						waited := lane[i+2].At - lane[i+1].At
						if terms["stalled"] == true {
							require.Zero(t, phase, "nobody is stopped in the drain")
							stopped++
							require.GreaterOrEqual(t, waited, 5*time.Second)
						} else {
							require.NotContains(t, terms, "stalled")
						}
						used[acquire.Key] = true
					}
				}
			}
			final := map[string]int{}
			for _, lane := range p.Final {
				for _, op := range lane {
					require.Equal(t, "add-and-get", op.F)
					final[op.Key+" "+op.Node]++
				}
			}
			for key := range used {
				for _, node := range p.Config.Nodes {
					require.Equal(t, 2, final[key+" "+node], "%s through %s, and what took its place", key, node)
				}
			}
			require.Equal(t, test.stalled, stopped > 0)
			if test.change == nil {
				require.Greater(t, sections, 4000)
				require.InDelta(t, 0.02, float64(stopped)/float64(sections), 0.01)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for name, value := range map[string]string{"fencing": "maybe", "stalled": "101"} {
		c := config(nil)
		c.Options[name] = value
		require.ErrorContains(t, lock.Workload{}.Validate(c), `option `+name+` is "`+value+`"`)
	}
}

// A section stays with the lock that it began with, and the next goes on with
// the successor.
func TestSuccessors(t *testing.T) {
	r := lock.Workload{}.Resolver(plan.Config{AmbiguityBudget: 2})
	op := func(f string, value any) plan.Op { return plan.Op{F: f, Key: "k1", Value: value} }
	require.Equal(t, "k1", r.Resolve(0, op("acquire", nil)).Key)
	require.Equal(t, "k1", r.Resolve(1, op("acquire", nil)).Key)
	for range 2 {
		add := r.Resolve(0, op("add-and-get", int64(1)))
		require.Equal(t, "k1", add.Key)
		r.Observe(0, add, harness.Completion{})
	}
	require.Equal(t, "k1", r.Resolve(0, op("release", nil)).Key, "its section began there")
	require.Equal(t, "k1~1", r.Resolve(0, op("acquire", nil)).Key)
	require.Equal(t, "k1", r.Resolve(1, op("add-and-get", int64(1))).Key)
	require.Equal(t, "k1~1", r.Resolve(2, op("add-and-get", int64(0))).Key)
	exact := r.Resolve(2, op("add-and-get", plan.Symbol("exact")))
	require.Equal(t, op("add-and-get", int64(0)), exact)
}

func judge(c plan.Config, events ...history.Event) map[string]verdict.Verdict {
	verdicts := map[string]verdict.Verdict{}
	for _, checker := range (lock.Workload{}).Checkers(c) {
		verdicts[checker.Name()] = checker.Check(context.Background(), history.New(events), harness.Budget{}).Verdict
	}
	return verdicts
}

// did is an operation that nothing came between.
func did(process int, f string, input, output any) []history.Event {
	return []history.Event{
		{Kind: history.Invoke, Process: process, F: f, Key: "k1", Value: input},
		{Kind: history.Complete, Process: process, F: f, Key: "k1", Value: output, Outcome: history.OK},
	}
}

// What the two sides of the finding look like: a holder that was stopped is
// fenced off, or it writes what another has written, too.
func TestStoppedHolder(t *testing.T) {
	var events []history.Event
	add := func(more []history.Event) { events = append(events, more...) }
	add(did(0, "acquire", map[string]any{"ttl_s": int64(2), "stalled": true}, int64(5)))
	add(did(0, "add-and-get", int64(1), int64(1)))
	add(did(1, "acquire", map[string]any{"ttl_s": int64(2)}, int64(9)))
	add(did(1, "add-and-get", int64(1), int64(2)))
	fenced := append([]history.Event{}, events...)
	late := did(0, "add-and-get", int64(1), int64(2))
	add(late)
	add(did(2, "read", nil, "what other workloads do is not judged"))
	late[1].Outcome, late[1].Value, late[1].Error = history.Fail, nil, "fenced"
	fenced = append(fenced, late...)
	fenced = append(fenced, did(0, "add-and-get", int64(0), int64(2))...)

	off := plan.Config{Options: map[string]string{"fencing": "off"}}
	valid := map[string]verdict.Verdict{"guarded-count": verdict.Valid, "lease": verdict.Valid}
	require.Equal(t, valid, judge(plan.Config{}, fenced...))
	require.Equal(t, map[string]verdict.Verdict{"guarded-count": verdict.Invalid, "lease": verdict.Invalid}, judge(off, events...))
	require.Equal(t, map[string]verdict.Verdict{"guarded-count": verdict.Invalid, "lease": verdict.Valid}, judge(plan.Config{}, events...))
	require.Equal(t, valid, judge(off, fenced[:8]...))
}
