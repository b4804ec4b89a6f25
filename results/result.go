package results

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
)

// Schema is the version of the form of result.json. It grows when a field
// changes its meaning or goes away, not when one is added.
const Schema = 1

// Result is the conclusion of a run: what result.json holds, and what every
// other output derives from. It has no time of its making and no order of a
// map, so equal inputs give equal bytes. docs/run-folder.md explains each field
// to users.
type Result struct {
	Schema  int             `json:"schema"`
	Verdict verdict.Verdict `json:"verdict"`
	// Cause is one sentence: why.
	Cause string `json:"cause"`
	// Exit is the exit code that goes with it.
	Exit ExitCode `json:"exit"`
	// Evident is when the first counterexample was complete: the stamp of its
	// last completion. Zero without one.
	Evident time.Duration `json:"evident_ns,omitempty"`
	// Doubts are the reasons for which the verdict could not be valid, beside
	// those that checkers give; the gravest first.
	Doubts []string `json:"doubts"`
	Facts
	Seed uint64 `json:"seed,string"`
	// Config is nil for a history that came without a plan.
	Config *plan.Config `json:"config,omitempty"`
	// PlanHash identifies the plan.
	PlanHash string  `json:"plan_hash,omitempty"`
	History  Extent  `json:"history"`
	Faults   []Fault `json:"faults"`
	// Reports are those of the checkers: invalid ones first, then unknown ones,
	// else as the workload orders them.
	Reports    []verdict.Report `json:"reports"`
	Statistics Statistics       `json:"statistics"`
}

// Facts are what neither the plan nor the history of a run tells. A later check
// takes them over from the result of the run.
type Facts struct {
	// Version is that of the Tertium that made the run.
	Version string `json:"version"`
	// Started is the wall-clock time at which the run began, for people only.
	Started time.Time `json:"started,omitzero"`
	// Interrupted: somebody asked the run to stop before its end.
	Interrupted bool `json:"interrupted"`
	// SetupError says what could not be set up.
	SetupError string `json:"setup_error,omitempty"`
	// Trouble is what else stands in the way of a valid verdict: nodes that did
	// not come back, phases that were cut short.
	Trouble []string `json:"trouble"`
	// Monitors are those that followed the run.
	Monitors []Monitor `json:"monitors,omitempty"`
	// InternalError says how Tertium itself failed.
	InternalError string `json:"internal_error,omitempty"`
	// Reproduce is the command that makes the run again, as its arguments.
	Reproduce []string `json:"reproduce"`
	Nodes     []Node   `json:"nodes"`
}

// normal returns the facts as they are once they were written and read again:
// lists are never null, and texts are valid UTF-8.
func (f Facts) normal() Facts {
	valid := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
	all := func(texts []string) []string {
		texts = slices.Clone(list(texts))
		for i, text := range texts {
			texts[i] = valid(text)
		}
		return texts
	}
	f.SetupError, f.InternalError = valid(f.SetupError), valid(f.InternalError)
	f.Trouble, f.Reproduce = all(f.Trouble), all(f.Reproduce)
	f.Monitors = normalMonitors(f.Monitors)
	f.Nodes = slices.Clone(list(f.Nodes))
	for i := range f.Nodes {
		f.Nodes[i].Exits = list(f.Nodes[i].Exits)
	}
	return f
}

// Node is one node of the system under test.
type Node struct {
	Name string `json:"name"`
	// Image is the image that it ran from, with its digest; empty for a process.
	Image string         `json:"image,omitempty"`
	Exits []cluster.Exit `json:"exits"`
}

// Extent says how much history there is, and identifies it.
type Extent struct {
	Events int `json:"events"`
	// Head is the last link of the hash chain over all events.
	Head string `json:"head,omitempty"`
	// Duration is the stamp of the last event.
	Duration time.Duration `json:"duration_ns"`
	// Sealed is false if the harness died before it could close the history.
	Sealed bool `json:"sealed"`
	// Torn says what was cut from the end of a history that was not sealed.
	Torn string `json:"torn,omitempty"`
}

// Write writes the result as indented JSON.
func (r Result) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// ReadResult reads what [Result.Write] wrote.
func ReadResult(r io.Reader) (Result, error) {
	var result Result
	if err := json.NewDecoder(r).Decode(&result); err != nil {
		return Result{}, fmt.Errorf("read result: it is not a result.json: %w", err)
	}
	if result.Schema < 1 || result.Schema > Schema {
		return Result{}, fmt.Errorf("read result: schema %d is not known to this Tertium, which reads 1 to %d; use the version that wrote it (%q)",
			result.Schema, Schema, result.Version)
	}
	return result, nil
}
