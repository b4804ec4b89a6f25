package plan

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// A plan is written as JSON Lines: a header, then one line for each fault and
// each operation. Keys have a fixed order, those of maps are sorted, and nothing
// is optional about the form, so that equal plans give equal bytes. 64-bit
// numbers that are not counts go as text: many readers of JSON round them.

const formatVersion = 1

type header struct {
	Plan   int    `json:"plan"`
	Seed   uint64 `json:"seed,string"`
	Config Config `json:"config"`
	// Lanes and the counts tell a plan that was cut short from a short plan.
	Lanes      laneCounts `json:"lanes"`
	Faults     int        `json:"faults"`
	Operations int        `json:"operations"`
}

type laneCounts struct {
	Main  int `json:"main"`
	Drain int `json:"drain"`
	Final int `json:"final"`
}

type faultLine struct {
	Ref    string           `json:"fault"`
	Kind   string           `json:"kind"`
	Target string           `json:"target,omitempty"`
	At     time.Duration    `json:"at_ns"`
	After  *conditionLine   `json:"after,omitempty"`
	For    time.Duration    `json:"for_ns"`
	Args   map[string]int64 `json:"args,omitempty"`
	Salt   uint64           `json:"salt,string"`
}

type opLine struct {
	Ref     string         `json:"op"`
	Phase   string         `json:"phase"`
	Worker  int            `json:"worker"`
	At      time.Duration  `json:"at_ns"`
	F       string         `json:"f"`
	Key     string         `json:"key,omitempty"`
	Idem    string         `json:"idem,omitempty"`
	Value   any            `json:"value,omitempty"`
	Node    string         `json:"node,omitempty"`
	Retries int            `json:"retries,omitempty"`
	Unless  *conditionLine `json:"unless,omitempty"`
}

type conditionLine struct {
	F       string `json:"f"`
	Outcome string `json:"outcome"`
	Count   int    `json:"count"`
}

func lineOf(c *Condition) *conditionLine {
	if c == nil {
		return nil
	}
	return &conditionLine{c.F, c.Outcome.String(), c.Count}
}

func (l *conditionLine) condition() (*Condition, error) {
	if l == nil {
		return nil, nil
	}
	for _, outcome := range []history.Outcome{history.Unknown, history.OK, history.Fail} {
		if l.Outcome == outcome.String() {
			return &Condition{l.F, outcome, l.Count}, nil
		}
	}
	return nil, fmt.Errorf("no outcome is called %q: write ok, fail or unknown", l.Outcome)
}

// phases are the parts of a plan that have lanes, in the order of a file.
func (p *Plan) phases() [3]struct {
	name  string
	lanes *[][]Op
} {
	return [3]struct {
		name  string
		lanes *[][]Op
	}{{"main", &p.Lanes}, {"drain", &p.Drain}, {"final", &p.Final}}
}

// Encode writes the plan as JSON Lines. Equal plans give equal bytes. It fails
// if the plan holds what cannot be written down, such as a floating-point
// value, or if w fails.
func Encode(w io.Writer, p Plan) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	head := header{
		Plan: formatVersion, Seed: p.Seed, Config: p.Config,
		Lanes:  laneCounts{len(p.Lanes), len(p.Drain), len(p.Final)},
		Faults: len(p.Faults),
	}
	for _, phase := range p.phases() {
		for _, lane := range *phase.lanes {
			head.Operations += len(lane)
		}
	}
	if err := errors.Join(p.Config.checkTexts(), lines.Encode(head)); err != nil {
		return fmt.Errorf("write header of plan: %w", err)
	}
	for _, f := range p.Faults {
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %s cannot be written: %w", f.Ref, err)
		}
		line := faultLine{f.Ref, f.Kind, f.Target, f.At, lineOf(f.After), f.For, f.Args, f.Salt}
		if err := lines.Encode(line); err != nil {
			return fmt.Errorf("write fault %s: %w", f.Ref, err)
		}
	}
	for _, phase := range p.phases() {
		for worker, lane := range *phase.lanes {
			for _, op := range lane {
				if err := op.check(); err != nil {
					return fmt.Errorf("operation %s cannot be written: %w", op.Ref, err)
				}
				line := opLine{op.Ref, phase.name, worker, op.At, op.F, op.Key, op.Idem, op.Value, op.Node, op.Retries, lineOf(op.Unless)}
				if err := lines.Encode(line); err != nil {
					return fmt.Errorf("write operation %s: %w", op.Ref, err)
				}
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// Hash names a plan: the SHA-256 of its encoding, in hexadecimal. It is empty
// for a plan that cannot be encoded, which [Expand] never makes.
func Hash(p Plan) string {
	sum := sha256.New()
	if err := Encode(sum, p); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// checkTexts returns an error if a text of the config could not be written down.
func (c Config) checkTexts() error {
	texts := slices.Concat([]string{c.System, c.Workload, c.Runtime}, c.Nodes, c.Bugs, c.Faults)
	for name, value := range c.Options {
		texts = append(texts, name, value)
	}
	for _, i := range c.Script {
		texts = append(texts, i.Kind, i.Target)
	}
	for _, text := range texts {
		if err := checkText(text); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if the fault could not be written down.
func (f Fault) check() error {
	if f.Ref == "" || f.Kind == "" {
		return errors.New("it has no name or no kind: set Ref and Kind")
	}
	errs := []error{checkText(f.Ref), checkText(f.Kind), checkText(f.Target), f.After.check()}
	for name := range f.Args {
		errs = append(errs, checkText(name))
	}
	return errors.Join(errs...)
}

func (c *Condition) check() error {
	if c == nil {
		return nil
	}
	if c.Outcome > history.Fail {
		return fmt.Errorf("its condition waits for %v: choose unknown, ok or fail", c.Outcome)
	}
	return checkText(c.F)
}
