package plan_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/plan"
)

var scriptSpecs = []plan.FaultSpec{
	{Kind: "kill", Family: "process", Targets: []string{"leader", "follower"}, Length: time.Second, Nodes: 1},
	{Kind: "slow", Family: "link", Targets: []string{"all"}, Args: map[string][2]int64{"delay_ms": {10, 20}, "jitter_ms": {5, 9}}, Length: 2 * time.Second, Nodes: 1},
	{Kind: "split", Family: "link", Targets: []string{"all"}, Length: time.Second, Nodes: 5},
}

func scripted(t *testing.T, change func(*plan.Config), texts ...string) (plan.Plan, error) {
	t.Helper()
	c := plan.Config{
		System: "none", Workload: "none", Nodes: []string{"n1", "n2"}, Workers: 1, Rate: 10, Keys: 1,
		WarmUp: time.Second, Time: 9 * time.Second, Timeout: time.Second, AmbiguityBudget: 1, Faults: []string{},
	}
	for _, text := range texts {
		i, err := plan.ParseInjection(text)
		require.NoError(t, err)
		c.Script = append(c.Script, i)
	}
	if change != nil {
		change(&c)
	}
	g := plan.Generators{Main: plan.Stagger(0, plan.FromSlice([]plan.Op{{F: "read"}}))}
	return plan.Expand(7, c, g, scriptSpecs)
}

// What a script says stands; what it leaves open is drawn, and stays the same
// whatever else the script says.
func TestScript(t *testing.T) {
	p, err := scripted(t, nil, "3s slow delay_ms=700", "2s kill target=n2 for=0s", "2.5s kill")
	require.NoError(t, err)
	require.Len(t, p.Faults, 3)
	first, second, third := p.Faults[0], p.Faults[1], p.Faults[2]
	require.Equal(t, plan.Fault{Ref: "script.2", Kind: "kill", Target: "n2", At: 2 * time.Second, Salt: first.Salt}, first)
	require.Equal(t, time.Second, second.For)
	require.Contains(t, scriptSpecs[0].Targets, second.Target)
	require.Equal(t, "all", third.Target)
	require.Equal(t, 2*time.Second, third.For)
	require.Equal(t, int64(700), third.Args["delay_ms"])
	require.GreaterOrEqual(t, third.Args["jitter_ms"], int64(5))
	require.LessOrEqual(t, third.Args["jitter_ms"], int64(9))
	for _, f := range p.Faults {
		require.True(t, f.Scripted())
	}
	other, err := scripted(t, nil, "3s slow delay_ms=3", "2s kill target=n1 for=9s", "2.5s kill")
	require.NoError(t, err)
	require.Equal(t, second, other.Faults[1])
	require.Equal(t, third.Args["jitter_ms"], other.Faults[2].Args["jitter_ms"])
}

// Faults at moments that the seed decides are the same with a script beside them.
func TestScriptBesideDrawnFaults(t *testing.T) {
	drawn := func(c *plan.Config) { c.Faults = []string{"kill"} }
	without, err := scripted(t, drawn)
	require.NoError(t, err)
	with, err := scripted(t, drawn, "2s slow")
	require.NoError(t, err)
	var rest []plan.Fault
	for _, f := range with.Faults {
		if !f.Scripted() {
			rest = append(rest, f)
		}
	}
	require.Len(t, with.Faults, len(without.Faults)+1)
	require.Equal(t, without.Faults, rest)
}

func TestScriptsThatCannotBe(t *testing.T) {
	for text, says := range map[string]string{
		"1s melt":             `no fault is called "melt"`,
		"1s split":            "needs at least 5 nodes",
		"10s kill":            "before its moment",
		"1s kill delay_ms=1":  `no parameter "delay_ms": choose from none`,
		"1s slow speed_ms=10": "choose from delay_ms, jitter_ms",
	} {
		_, err := scripted(t, nil, text)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, text)
	}
}

func TestInjectionsThatCannotBeRead(t *testing.T) {
	for _, text := range []string{
		"", "kill", "8s", "8 kill", "-1s kill", "soon kill", "8s kill n1", "8s kill target=", "8s kill =n1",
		"8s kill for=long", "8s kill for=-1s", "8s kill reply=yes", "8s kill reply=1 reply=1", "8s kill reply=99999999999999999999",
	} {
		_, err := plan.ParseInjection(text)
		require.Error(t, err, text)
		require.ErrorContains(t, err, text)
	}
}

// An injection is read as it was written, and so is a config with a script.
func TestInjectionsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z][a-z0-9_-]{0,8}`)
		i := plan.Injection{At: time.Duration(rapid.Int64Min(0).Draw(t, "at")), Kind: word.Draw(t, "kind")}
		if rapid.Bool().Draw(t, "has target") {
			i.Target = word.Draw(t, "target")
		}
		if rapid.Bool().Draw(t, "has length") {
			length := time.Duration(rapid.Int64Min(0).Draw(t, "for"))
			i.For = &length
		}
		for name, n := range rapid.MapOfN(word, rapid.Int64(), 0, 3).Draw(t, "args") {
			if name == "for" || name == "target" {
				continue
			}
			if i.Args == nil {
				i.Args = map[string]int64{}
			}
			i.Args[name] = n
		}
		again, err := plan.ParseInjection(i.String())
		require.NoError(t, err)
		require.Equal(t, i, again)
		data, err := json.Marshal(plan.Config{Script: []plan.Injection{i}})
		require.NoError(t, err)
		var c plan.Config
		require.NoError(t, json.Unmarshal(data, &c))
		require.Equal(t, []plan.Injection{i}, c.Script)
	})
}
