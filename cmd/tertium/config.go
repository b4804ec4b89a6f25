package main

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/systems"
	"github.com/tertium-dev/tertium/workloads"
)

// noFaults is what users write for a run without faults.
const noFaults = "none"

// configFlags are the flags that decide a plan. What is not set is left to the
// defaults of the system and the workload.
type configFlags struct {
	system, workload, runtime string
	seed                      uint64
	nodes                     int
	bugs, faults, options     []string
	script                    []string
	workers, rate, keys       int
	time, warmUp, timeout     time.Duration
	budget                    int
}

func (f *configFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.system, "system", "s", "ledger", "system under test (tertium systems)")
	flags.StringVarP(&f.workload, "workload", "w", "", "workloads, with commas (default: all that fit the system)")
	flags.StringVar(&f.runtime, "runtime", defaultRuntime, "where nodes run: local (child processes) or docker (containers)")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of the plan (default: a new one)")
	flags.IntVarP(&f.nodes, "nodes", "n", 0, "number of nodes (default: the system's)")
	flags.StringArrayVar(&f.bugs, "bug", nil, "plant a bug; may be repeated (tertium selftest --list)")
	flags.StringSliceVarP(&f.faults, "faults", "f", nil, `kinds of faults, with commas, or "none" (default: all that fit)`)
	flags.StringArrayVar(&f.script, "inject", nil, `a fault at a moment, as "8s kill target=n1 for=2s"; may be repeated; without --faults there are no others`)
	flags.StringArrayVarP(&f.options, "option", "o", nil, "option of the system or workload, as name=value; may be repeated")
	flags.IntVar(&f.workers, "workers", 0, "clients that work at the same time (default: the workload's)")
	flags.IntVar(&f.rate, "rate", 0, "operations a second that all workers aim at (default: the workload's)")
	flags.IntVar(&f.keys, "keys", 0, "keys or accounts in use at a time (default: the workload's)")
	flags.DurationVarP(&f.time, "time", "t", 0, "length of the phase with faults (default: the workload's)")
	flags.DurationVar(&f.warmUp, "warm-up", 0, "length of the phase before faults (default: the workload's)")
	flags.DurationVar(&f.timeout, "timeout", 0, "how long a client waits for a reply (default: the workload's)")
	flags.IntVar(&f.budget, "ambiguity-budget", 0, "unknown outcomes that a key may gather before a fresh one takes its place")
	complete := func(flag string, names []string) {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	}
	complete("system", namesOf(systems.All(), harness.System.Name))
	complete("workload", namesOf(workloads.All(), harness.Workload.Name))
	complete("faults", namesOf(nemeses.All(), func(k harness.FaultKind) string { return k.Name }))
}

func namesOf[T any](all []T, name func(T) string) []string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = name(one)
	}
	return names
}

// test is a plan with the parts that it names.
type test struct {
	plan     plan.Plan
	system   harness.System
	workload harness.Workload
	kinds    []harness.FaultKind
}

// prepare makes the plan that the flags ask for. Errors are the user's.
func (f *configFlags) prepare(cmd *cobra.Command) (test, error) {
	t, err := f.expand(cmd.Flags().Changed("seed"))
	return t, exit(usageIf(err), err)
}

func usageIf(err error) results.ExitCode {
	if err != nil {
		return results.ExitUsage
	}
	return results.ExitValid
}

func (f *configFlags) expand(seeded bool) (test, error) {
	config := plan.Config{
		Runtime: f.runtime, Bugs: f.bugs, Workers: f.workers, Rate: f.rate, Keys: f.keys,
		WarmUp: f.warmUp, Time: f.time, Timeout: f.timeout, AmbiguityBudget: f.budget,
		Faults: f.faults, Options: map[string]string{},
	}
	if slices.Equal(f.faults, []string{noFaults}) {
		config.Faults = []string{}
	}
	for i := range f.nodes {
		config.Nodes = append(config.Nodes, fmt.Sprintf("n%d", i+1))
	}
	for _, text := range f.script {
		injection, err := plan.ParseInjection(text)
		if err != nil {
			return test{}, err
		}
		config.Script = append(config.Script, injection)
	}
	for _, option := range f.options {
		name, value, ok := strings.Cut(option, "=")
		if !ok {
			return test{}, fmt.Errorf("option %q has no value; write it as name=value", option)
		}
		config.Options[name] = value
	}
	if _, err := findRuntime(f.runtime); err != nil {
		return test{}, err
	}
	system := systems.Find(f.system)
	if system == nil {
		return test{}, fmt.Errorf("no system is called %q; `tertium systems` lists them", f.system)
	}
	config.Workload = f.workload
	if config.Workload == "" {
		config.Workload = workloads.SideBySide(system.Workloads())
	}
	seed := f.seed
	if !seeded {
		seed = newSeed()
	}
	return prepare(seed, config, system)
}

// prepare expands a config whose system and workload are named.
func prepare(seed uint64, config plan.Config, system harness.System) (test, error) {
	t := test{system: system, kinds: nemeses.All()}
	var err error
	if t.workload, err = workloads.Find(config.Workload); err != nil {
		return test{}, err
	}
	if slices.Contains(config.Bugs, harness.IdleNemesis) {
		t.kinds = nemeses.Idle(t.kinds)
	}
	if t.plan, err = harness.Prepare(seed, config, system, t.workload, t.kinds); err != nil {
		return test{}, err
	}
	return t, nil
}

// newSeed returns a seed that is short enough to be typed again.
func newSeed() uint64 {
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(errors.New("the operating system has no randomness: " + err.Error()))
	}
	return uint64(binary.BigEndian.Uint32(random[:]))
}

// reproduce returns the command that makes the run of a plan again: the seed,
// and flags for what differs from the defaults.
func reproduce(p plan.Plan) ([]string, error) {
	c := p.Config
	system := systems.Find(c.System)
	if system == nil {
		return nil, fmt.Errorf("the plan is for system %q, which this Tertium does not have", c.System)
	}
	named := strings.Join(c.Workloads(), ",")
	plain, err := prepare(p.Seed, plan.Config{Runtime: c.Runtime, Workload: named}, system)
	if err != nil {
		return nil, fmt.Errorf("the defaults of %s do not make a plan: %w", c.System, err)
	}
	d := plain.plan.Config
	argv := []string{"tertium", "run", "--system", c.System, "--workload", named, "--seed", fmt.Sprint(p.Seed)}
	add := func(differs bool, flag string, value any) {
		if differs {
			argv = append(argv, "--"+flag, fmt.Sprint(value))
		}
	}
	add(c.Runtime != defaultRuntime, "runtime", c.Runtime)
	for _, bug := range c.Bugs {
		add(true, "bug", bug)
	}
	add(c.Time != d.Time, "time", c.Time)
	add(len(c.Nodes) != len(d.Nodes), "nodes", len(c.Nodes))
	usual := d.Faults
	if len(c.Script) > 0 {
		usual = nil
	}
	add(!slices.Equal(c.Faults, usual), "faults", cmp.Or(strings.Join(c.Faults, ","), noFaults))
	for _, injection := range c.Script {
		add(true, "inject", injection)
	}
	add(c.Workers != d.Workers, "workers", c.Workers)
	add(c.Rate != d.Rate, "rate", c.Rate)
	add(c.Keys != d.Keys, "keys", c.Keys)
	add(c.WarmUp != d.WarmUp, "warm-up", c.WarmUp)
	add(c.Timeout != d.Timeout, "timeout", c.Timeout)
	add(c.AmbiguityBudget != d.AmbiguityBudget, "ambiguity-budget", c.AmbiguityBudget)
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		add(c.Options[name] != d.Options[name], "option", name+"="+c.Options[name])
	}
	return argv, nil
}
