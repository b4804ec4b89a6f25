package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/harness/plan/internal/golden"
)

// goldenPlan is the golden plan of that name.
func goldenPlan(t testing.TB, name string) plan.Plan {
	for _, c := range golden.Cases() {
		if c.Name == name {
			p, err := c.Expand()
			require.NoError(t, err)
			return p
		}
	}
	t.Fatalf("no golden plan is called %s", name)
	return plan.Plan{}
}

func config(change func(*plan.Config)) plan.Config {
	c := golden.Cases()[0].Config
	c.Nodes = slices.Clone(c.Nodes)
	if change != nil {
		change(&c)
	}
	return c
}

func TestExpandFillsThePhases(t *testing.T) {
	p := goldenPlan(t, "full")
	c := p.Config
	require.Len(t, p.Lanes, c.Workers)
	var ops int
	for worker, lane := range p.Lanes {
		for i, op := range lane {
			require.Equal(t, fmt.Sprintf("w%d.%d", worker, i), op.Ref)
			require.Less(t, op.At, c.WarmUp+c.Time)
			require.True(t, i == 0 || op.At >= lane[i-1].At)
		}
		require.Greater(t, lane[len(lane)-1].At, c.WarmUp+c.Time-100*time.Millisecond)
		ops += len(lane)
	}
	require.InDelta(t, 1500*25, ops, 200)

	for worker, lane := range p.Drain {
		require.Equal(t, fmt.Sprintf("drain.w%d.0", worker), lane[0].Ref)
		require.Less(t, lane[len(lane)-1].At, c.Settle)
		require.Greater(t, lane[len(lane)-1].At, c.Settle-time.Second)
	}
	ops = 0
	for worker, lane := range p.Final {
		require.Equal(t, fmt.Sprintf("final.w%d.0", worker), lane[0].Ref)
		ops += len(lane)
	}
	require.Equal(t, 100, ops)
}

func TestExpandWithoutDrainAndFinal(t *testing.T) {
	p, err := plan.Expand(1, config(nil), plan.Generators{Main: plan.Stagger(0, repeat("a"))}, nil)
	require.NoError(t, err)
	require.Nil(t, p.Drain)
	require.Nil(t, p.Final)
	require.Empty(t, p.Faults)
}

func TestExpandIsAPrefixOfALongerPlan(t *testing.T) {
	short := goldenPlan(t, "small")
	long, err := plan.Expand(short.Seed, config(func(c *plan.Config) { c.Time *= 2 }), golden.Generators(), nil)
	require.NoError(t, err)
	for worker, lane := range short.Lanes {
		require.Equal(t, lane, long.Lanes[worker][:len(lane)])
	}
}

func TestExpandRefusesBadGenerators(t *testing.T) {
	main := func(g plan.Generator) plan.Generators { return plan.Generators{Main: g} }
	paced := plan.Stagger(0, repeat("a"))
	for _, c := range []struct {
		name       string
		generators plan.Generators
		want       string
	}{
		{"none", plan.Generators{}, "give its generators a Main"},
		{"without time", main(repeat("a")), "main operations of worker 0: there are more than 131072 in a row without any time between them: put plan.Stagger or plan.Limit around"},
		{"endless final", plan.Generators{Main: paced, Final: repeat("a")}, "final operations of worker 0: there are more than 131072 in a row"},
		{"no function", main(plan.Once(plan.Op{Key: "a"})), "w0.0 () cannot be planned: it has no function: set F"},
		{"before the start", main(plan.Once(plan.Op{F: "a", At: -1})), "its time is -1ns"},
		{"retries without key", main(plan.Once(plan.Op{F: "a", Retries: 1})), "retried without an idempotency key"},
		{"negative retries", main(plan.Once(plan.Op{F: "a", Retries: -1})), "set them to zero or more"},
		{"floating point", main(plan.Once(plan.Op{F: "a", Value: 0.5})), "its value holds a float64: use int64"},
		{"int", main(plan.Once(plan.Op{F: "a", Value: []any{1}})), "its value holds a int: use int64"},
		{"symbol's key", main(plan.Once(plan.Op{F: "a", Value: map[string]any{"$symbol": "seen"}})), "use plan.Symbol"},
		{"not UTF-8", main(plan.Once(plan.Op{F: "a", Key: "\xff"})), "not UTF-8"},
		{"nil slice", main(plan.Once(plan.Op{F: "a", Value: []any(nil)})), "nil slice"},
		{"nil map", main(plan.Once(plan.Op{F: "a", Value: map[string]any(nil)})), "nil map"},
		{"nested", main(plan.Once(plan.Op{F: "a", Value: nested(40)})), "nested deeper than 32 levels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := plan.Expand(1, config(nil), c.generators, nil)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func nested(depth int) any {
	var value any = int64(1)
	for range depth {
		value = []any{value}
	}
	return value
}

func TestValidate(t *testing.T) {
	require.NoError(t, config(nil).Validate())
	for _, c := range []struct {
		change func(*plan.Config)
		want   string
	}{
		{func(c *plan.Config) { c.Workers = 0 }, "workers is 0: set it between 1 and 10000"},
		{func(c *plan.Config) { c.Workers = 10_001 }, "workers is 10001"},
		{func(c *plan.Config) { c.Rate = -1 }, "rate is -1"},
		{func(c *plan.Config) { c.Keys = 0 }, "keys is 0"},
		{func(c *plan.Config) { c.AmbiguityBudget = 0 }, "ambiguity budget is 0"},
		{func(c *plan.Config) { c.Time = 0 }, "time is 0s: set it between 1ms and 720h0m0s"},
		{func(c *plan.Config) { c.Timeout = 0 }, "timeout is 0s"},
		{func(c *plan.Config) { c.WarmUp = -1 }, "warm-up is -1ns"},
		{func(c *plan.Config) { c.Settle = 721 * time.Hour }, "settle is 721h0m0s"},
		{func(c *plan.Config) { c.Nodes = nil }, "there are no nodes"},
		{func(c *plan.Config) { c.Nodes[1] = "n1" }, "node n1 is named twice"},
		{func(c *plan.Config) { c.Nodes[1] = "" }, "a node has no name"},
		{func(c *plan.Config) { c.Faults = []string{"a", "a"} }, "fault a is named twice"},
		{func(c *plan.Config) { c.Time, c.Rate = 700*time.Hour, 10_000_000 }, "lower the rate or the time"},
	} {
		require.ErrorContains(t, config(c.change).Validate(), c.want)
	}
	_, err := plan.Expand(1, plan.Config{}, golden.Generators(), nil)
	require.ErrorContains(t, err, "no plan can be made for this config: workers is 0")
	require.ErrorContains(t, err, "keys is 0", "all errors are told at once")
}

// checkFaults returns an error if a schedule breaks a rule that all keep.
func checkFaults(p plan.Plan, specs []plan.FaultSpec) error {
	family := map[string]plan.FaultSpec{}
	for _, spec := range specs {
		family[spec.Kind] = spec
	}
	seen := map[string]bool{}
	last := map[bool]plan.Fault{}
	end := map[bool]time.Duration{}
	var before time.Duration
	for _, f := range p.Faults {
		wire := family[f.Kind].Family == "wire"
		gap := time.Second * 4 / 5
		if wire {
			gap = 300 * time.Millisecond * 4 / 5
		}
		if from := max(end[wire], p.Config.WarmUp); f.At < from+gap {
			return fmt.Errorf("%s begins at %v, less than %v after %s", f.Ref, f.At, gap, last[wire].Ref)
		}
		if f.At+f.For > p.Config.WarmUp+p.Config.Time {
			return fmt.Errorf("%s ends after the faults", f.Ref)
		}
		if length := family[f.Kind].Length; f.For > length || f.For < min(length, time.Second) {
			return fmt.Errorf("%s lasts %v", f.Ref, f.For)
		}
		if f.At < before {
			return fmt.Errorf("%s is out of order", f.Ref)
		}
		before, end[wire], last[wire], seen[f.Kind] = f.At, f.At+f.For, f, true
	}
	for _, kind := range p.Config.Faults {
		if !seen[kind] {
			return fmt.Errorf("there is no %s", kind)
		}
	}
	return nil
}

func TestFaultsFitIntoThirtySeconds(t *testing.T) {
	p := goldenPlan(t, "full")
	require.NoError(t, checkFaults(p, golden.Specs()))
	require.GreaterOrEqual(t, len(p.Faults), 18)
	overlap := 0
	for _, a := range p.Faults {
		for _, b := range p.Faults {
			if a.Kind[0] == 'w' && b.Kind[0] == 'n' && a.At < b.At+b.For && b.At < a.At+a.For {
				overlap++
			}
		}
	}
	require.Greater(t, overlap, 5, "wire faults should overlap the others")
	for _, f := range p.Faults {
		if f.Kind[0] != 'w' {
			require.Contains(t, []string{"leader", "follower", "n2"}, f.Target)
			require.Empty(t, f.Args)
			continue
		}
		require.Contains(t, []string{"all", "leader"}, f.Target)
		require.True(t, f.Args["percent"] >= 10 && f.Args["percent"] <= 90)
		require.True(t, f.Args["delay_ms"] >= 1 && f.Args["delay_ms"] <= 18)
	}
}

func TestFaultsProperties(t *testing.T) {
	generators := plan.Generators{Main: plan.Once(plan.Op{F: "a"})}
	rapid.Check(t, func(t *rapid.T) {
		var specs []plan.FaultSpec
		c := config(nil)
		for i := range rapid.IntRange(0, 20).Draw(t, "kinds") {
			specs = append(specs, plan.FaultSpec{
				Kind:   fmt.Sprint("f", i),
				Family: rapid.SampledFrom([]string{"wire", "link", "process", "disk", "clock"}).Draw(t, "family"),
				Length: time.Duration(rapid.Int64Range(1, int64(10*time.Second)).Draw(t, "length")),
			})
			c.Faults = append(c.Faults, specs[i].Kind)
		}
		c.Time = time.Duration(rapid.Int64Range(1e6, int64(90*time.Second)).Draw(t, "time"))
		seed := rapid.Uint64().Draw(t, "seed")
		p, err := plan.Expand(seed, c, generators, specs)
		if err != nil {
			require.ErrorContains(t, err, "too short")
			return
		}
		require.NoError(t, checkFaults(p, specs))

		// Another kind, or another order of kinds, changes no draw.
		slices.Reverse(c.Faults)
		again, err := plan.Expand(seed, c, generators, specs)
		require.NoError(t, err)
		require.Equal(t, p.Faults, again.Faults)
	})
}

func TestFaultsComeInRounds(t *testing.T) {
	c := config(func(c *plan.Config) { c.Faults, c.Time = []string{"a", "b"}, time.Minute })
	specs := []plan.FaultSpec{
		{Kind: "a", Family: "link", Length: 2 * time.Second},
		{Kind: "b", Family: "disk", Length: 3 * time.Second},
	}
	p, err := plan.Expand(1, c, plan.Generators{Main: plan.Once(plan.Op{F: "a"})}, specs)
	require.NoError(t, err)
	require.NoError(t, checkFaults(p, specs))
	require.InDelta(t, 60/7*2, len(p.Faults), 3)
	for i, f := range p.Faults {
		require.Equal(t, fmt.Sprintf("%s.%d", f.Kind, i/2+1), f.Ref)
		require.Equal(t, map[string]time.Duration{"a": 2 * time.Second, "b": 3 * time.Second}[f.Kind], f.For)
	}
}

func TestFaultsWithoutLengthEnd(t *testing.T) {
	c := config(func(c *plan.Config) { c.Faults = []string{"a"} })
	specs := []plan.FaultSpec{{Kind: "a", Family: "wire"}}
	p, err := plan.Expand(1, c, plan.Generators{Main: plan.Once(plan.Op{F: "a"})}, specs)
	require.NoError(t, err)
	require.NoError(t, checkFaults(p, specs))
}

func TestFaultErrors(t *testing.T) {
	spec := plan.FaultSpec{Kind: "kill", Family: "process", Length: 3 * time.Second, Nodes: 3}
	for _, c := range []struct {
		name   string
		change func(*plan.Config, *plan.FaultSpec)
		want   string
	}{
		{"unknown", func(c *plan.Config, _ *plan.FaultSpec) { c.Faults = []string{"kil"} }, `no fault is called "kil": choose from kill`},
		{"too short", func(c *plan.Config, _ *plan.FaultSpec) { c.Time = 2 * time.Second }, "a time of 2s is too short for 1 link, process and disk faults: set it to at least 2.2s, or name fewer faults"},
		{"too few nodes", func(c *plan.Config, _ *plan.FaultSpec) { c.Nodes = c.Nodes[:2] }, "fault kill needs at least 3 nodes and there are 2"},
		{"length", func(_ *plan.Config, s *plan.FaultSpec) { s.Length = -1 }, "its length must be between"},
		{"bounds", func(_ *plan.Config, s *plan.FaultSpec) { s.Args = map[string][2]int64{"percent": {2, 1}} }, "its lowest value must not be above its highest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := spec
			config := config(func(c *plan.Config) { c.Faults = []string{"kill"} })
			c.change(&config, &spec)
			_, err := plan.Expand(1, config, golden.Generators(), []plan.FaultSpec{spec})
			require.ErrorContains(t, err, c.want)
		})
	}
}

// The least time that an error names is indeed enough.
func TestFaultsFitIntoTheLeastTime(t *testing.T) {
	c := golden.Cases()[1].Config
	c.Time = 9*time.Second + 9*1200*time.Millisecond
	p, err := plan.Expand(3, c, golden.Generators(), golden.Specs())
	require.NoError(t, err)
	require.NoError(t, checkFaults(p, golden.Specs()))
	c.Time--
	_, err = plan.Expand(3, c, golden.Generators(), golden.Specs())
	require.ErrorContains(t, err, "at least 19.8s")
}
