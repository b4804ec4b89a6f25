// Package findings has published anomalies of real systems as scenarios that can
// be run by name, each beside its control: what holds with one setting changed. A
// harness earns trust by finding what others have found, and by accusing nothing
// that is correct.
//
// Each scenario is one file in the folder scenarios.
package findings

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

//go:embed scenarios/*.yaml
var files embed.FS

// Scenario is a run of which it is known what has to come of it.
type Scenario struct {
	// Name is that of the file, and of a control that with "/" and its own name
	// after it.
	Name string `yaml:"-"`
	// Title is one line: what is found, or what holds.
	Title string `yaml:"title"`
	// Source says who published it, and where.
	Source string `yaml:"source"`
	// Story says in a few sentences how it comes about.
	Story string `yaml:"story"`
	// Run is what to run.
	Run Run `yaml:"run"`
	// Expect is what has to come of it.
	Expect Expectation `yaml:"expect"`
	// MustHold marks a control that has to be valid in every run, because an
	// accusation would be a false alarm.
	MustHold bool `yaml:"must-hold"`
	// Controls are runs with something changed, by name.
	Controls map[string]Scenario `yaml:"controls"`
}

// Run is what differs from the defaults of the system and the workload; see
// `tertium run --help`.
type Run struct {
	System   string            `yaml:"system"`
	Runtime  string            `yaml:"runtime"`
	Workload string            `yaml:"workload"`
	Nodes    int               `yaml:"nodes"`
	Workers  int               `yaml:"workers"`
	Rate     int               `yaml:"rate"`
	Keys     int               `yaml:"keys"`
	WarmUp   time.Duration     `yaml:"warm-up"`
	Time     time.Duration     `yaml:"time"`
	Timeout  time.Duration     `yaml:"timeout"`
	Budget   int               `yaml:"ambiguity-budget"`
	Options  map[string]string `yaml:"options"`
	// Bugs are planted bugs, of systems that have any.
	Bugs []string `yaml:"bugs"`
	// Faults are kinds of faults at moments of the seed's, or "none".
	Faults []string `yaml:"faults"`
	// Inject are faults at moments: "8s kill target=all".
	Inject []string `yaml:"inject"`
	// AllFaults says that neither of the two counts, and all faults that fit the
	// system are put on it.
	AllFaults bool `yaml:"all-faults"`
}

// Expectation is what has to come of a run.
type Expectation struct {
	Verdict verdict.Verdict `yaml:"verdict"`
	// Anomalies are those of which at least one has to be found, by their
	// standard names; empty means any.
	Anomalies []string `yaml:"anomalies"`
	// Absent are anomalies that must not be found.
	Absent []string `yaml:"absent"`
	// Within bounds the time from the start of a run to its last operation.
	Within time.Duration `yaml:"within"`
	// Operations is how many there have to be at least.
	Operations int `yaml:"operations"`
}

// All returns the scenarios in the order of their names, each followed by its
// controls. An error names the file and the line.
func All() ([]Scenario, error) { return load(files) }

func load(from fs.FS) ([]Scenario, error) {
	names, err := fs.Glob(from, "scenarios/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []Scenario
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		one, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		one.Name = strings.TrimSuffix(path.Base(name), ".yaml")
		controls := one.Controls
		one.Controls = nil
		all = append(all, one)
		for _, control := range slices.Sorted(maps.Keys(controls)) {
			all = append(all, one.control(control, controls[control]))
		}
	}
	return all, nil
}

// parse reads one scenario. A field that it does not know is an error.
func parse(text []byte) (Scenario, error) {
	var s Scenario
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	if err := d.Decode(new(Scenario)); !errors.Is(err, io.EOF) {
		return s, errors.New("there is more than one scenario in it")
	}
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	need(s.Title != "", "it has no title")
	need(s.Source != "", "it has no source")
	need(s.Run.System != "", "its run has no system")
	need(s.Expect.Verdict != verdict.Unknown, "it expects nothing: set expect.verdict to valid or invalid")
	for name, control := range s.Controls {
		need(control.Title != "", "control "+name+" has no title")
		need(control.Expect.Verdict != verdict.Unknown, "control "+name+" expects nothing: set expect.verdict to valid or invalid")
		need(len(control.Controls) == 0, "control "+name+" has controls of its own")
		need(!control.MustHold || control.Expect.Verdict == verdict.Valid, "control "+name+" must hold and is not expected to be valid")
	}
	return s, errors.Join(errs...)
}

// control is a control of the scenario: its own run, with what it leaves open as
// in the scenario.
func (s Scenario) control(name string, c Scenario) Scenario {
	c.Name = s.Name + "/" + name
	if c.Source == "" {
		c.Source = s.Source
	}
	c.Run = s.Run.with(c.Run)
	return c
}

// with returns the run with what the other sets.
func (r Run) with(o Run) Run {
	set := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	set(&r.System, o.System)
	set(&r.Runtime, o.Runtime)
	set(&r.Workload, o.Workload)
	for _, n := range []struct {
		to   *int
		from int
	}{{&r.Nodes, o.Nodes}, {&r.Workers, o.Workers}, {&r.Rate, o.Rate}, {&r.Keys, o.Keys}, {&r.Budget, o.Budget}} {
		if n.from != 0 {
			*n.to = n.from
		}
	}
	for _, d := range []struct {
		to   *time.Duration
		from time.Duration
	}{{&r.WarmUp, o.WarmUp}, {&r.Time, o.Time}, {&r.Timeout, o.Timeout}} {
		if d.from != 0 {
			*d.to = d.from
		}
	}
	options := maps.Clone(r.Options)
	if options == nil {
		options = map[string]string{}
	}
	maps.Copy(options, o.Options)
	r.Options = options
	if o.Bugs != nil {
		r.Bugs = o.Bugs
	}
	switch {
	case o.AllFaults:
		r.AllFaults, r.Faults, r.Inject = true, nil, nil
	case o.Faults != nil || o.Inject != nil:
		r.Faults, r.Inject = o.Faults, o.Inject
	}
	return r
}
