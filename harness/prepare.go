package harness

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/plan"
)

// Prepare expands a seed and a config to the plan that they stand for. What the
// config leaves open is filled with the system's and then the workload's
// defaults; without any faults named and without a script, all kinds that can be
// put on the system are used, and with an empty list none.
func Prepare(seed uint64, config plan.Config, s System, w Workload, kinds []FaultKind) (plan.Plan, error) {
	config.System, config.Workload = s.Name(), w.Name()
	s.Defaults(&config)
	w.Defaults(&config)
	if err := knownBugs(s, config.Bugs); err != nil {
		return plan.Plan{}, err
	}
	if w, ok := w.(Configurable); ok {
		if err := w.Validate(config); err != nil {
			return plan.Plan{}, fmt.Errorf("workload %s: %w", config.Workload, err)
		}
	}
	chosen, err := chooseFaults(s, &config, kinds)
	if err != nil {
		return plan.Plan{}, err
	}
	for _, injection := range config.Script {
		kind, err := findFault(injection.Kind, kinds, s, config)
		if err != nil {
			return plan.Plan{}, err
		}
		if !slices.ContainsFunc(chosen, func(k FaultKind) bool { return k.Name == kind.Name }) {
			chosen = append(chosen, kind)
		}
	}
	specs := make([]plan.FaultSpec, len(chosen))
	for i, kind := range chosen {
		specs[i] = kind.spec()
	}
	return plan.Expand(seed, config, w.Generators(config), specs)
}

// chooseFaults returns the kinds that a config names, or all that the system
// can be given, and writes their names into the config.
func chooseFaults(s System, config *plan.Config, kinds []FaultKind) ([]FaultKind, error) {
	var chosen []FaultKind
	if config.Faults == nil {
		config.Faults = []string{}
		if len(config.Script) > 0 {
			return nil, nil
		}
		for _, kind := range kinds {
			if kind.usual(s, *config) && kind.fits(s, *config) == nil {
				chosen = append(chosen, kind)
				config.Faults = append(config.Faults, kind.Name)
			}
		}
		return chosen, nil
	}
	for _, name := range config.Faults {
		kind, err := findFault(name, kinds, s, *config)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, kind)
	}
	return chosen, nil
}

// findFault returns the kind of that name, if it can be put on the system.
func findFault(name string, kinds []FaultKind, s System, config plan.Config) (FaultKind, error) {
	i := slices.IndexFunc(kinds, func(k FaultKind) bool { return k.Name == name })
	if i < 0 {
		return FaultKind{}, fmt.Errorf("no fault is called %q; `tertium faults` lists them", name)
	}
	if err := kinds[i].fits(s, config); err != nil {
		return FaultKind{}, fmt.Errorf("fault %s cannot be put on %s: %w", name, s.Name(), err)
	}
	return kinds[i], nil
}

// usual reports whether a system is given the fault without anybody naming it.
func (k FaultKind) usual(s System, config plan.Config) bool {
	return !k.OptIn && (k.Promised == nil || k.Promised(s, config))
}

// fits returns nil if the fault can be put on the system as configured.
func (k FaultKind) fits(s System, config plan.Config) error {
	if len(config.Nodes) < k.Nodes {
		return fmt.Errorf("it needs at least %d nodes and there are %d", k.Nodes, len(config.Nodes))
	}
	if k.Available == nil {
		return nil
	}
	return k.Available(s, config)
}

// spec is the part of a fault kind that planning depends on.
func (k FaultKind) spec() plan.FaultSpec {
	return plan.FaultSpec{
		Kind: k.Name, Family: k.Family, Targets: k.Targets, Args: k.Args, Length: k.Length, Nodes: k.Nodes,
	}
}

// The planted bugs of the harness.
const (
	FalseFail   = "false-fail"
	IdleNemesis = "idle-nemesis"
)

// harnessBugs are planted in the harness itself, to prove that its verdicts do
// not depend on its own good faith.
var harnessBugs = []Bug{
	{Name: FalseFail, Doc: "the client reports timeouts as fail, as if they proved that nothing happened", Workload: "ledger"},
	{Name: IdleNemesis, Doc: "the nemesis injects nothing", Workload: "register"},
}

// HarnessBugs are the planted bugs of the harness, which every system accepts.
func HarnessBugs() []Bug { return slices.Clone(harnessBugs) }

func knownBugs(s System, names []string) error {
	known := append(s.Bugs(), harnessBugs...)
	var errs []error
	for _, name := range names {
		if !slices.ContainsFunc(known, func(b Bug) bool { return b.Name == name }) {
			errs = append(errs, fmt.Errorf("%s has no bug switch %q; `tertium selftest --list` lists them", s.Name(), name))
		}
	}
	return errors.Join(errs...)
}

// String names the kind with its family: "wire/lost-ack".
func (k FaultKind) String() string { return strings.Join([]string{k.Family, k.Name}, "/") }
