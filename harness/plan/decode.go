package plan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine is how long a line of a plan may be, in bytes.
const maxLine = 1 << 20

// Decode reads a plan that [Encode] wrote. It takes no more memory than a small
// multiple of what it reads. Errors name the line.
func Decode(r io.Reader) (Plan, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var d decoding
	number := 0
	for lines.Scan() {
		number++
		if err := d.line(number, lines.Bytes()); err != nil {
			return Plan{}, fmt.Errorf("plan, line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Plan{}, fmt.Errorf("plan, line %d: %w", number+1, err)
	}
	if err := d.end(number); err != nil {
		return Plan{}, err
	}
	return d.plan, nil
}

// decoding is a plan of which some lines have been read.
type decoding struct {
	plan Plan
	head header
	ops  int
	refs map[string]bool
}

func (d *decoding) line(number int, text []byte) error {
	if number == 1 {
		return d.header(text)
	}
	if number > maxOps+maxFaults {
		return fmt.Errorf("a plan has no more than %d lines", maxOps+maxFaults)
	}
	if bytes.HasPrefix(text, []byte(`{"fault"`)) {
		return d.fault(text)
	}
	return d.op(text)
}

func (d *decoding) header(text []byte) error {
	// The version decides what else there may be, so it is read by itself.
	var version struct {
		Plan int `json:"plan"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Plan == 0 {
		return errors.New("this is not a plan: it does not begin with the header of one")
	}
	if version.Plan != formatVersion {
		return fmt.Errorf("the plan has format %d and this version reads format %d: use the version that wrote it", version.Plan, formatVersion)
	}
	if err := strictly(text, &d.head); err != nil {
		return err
	}
	d.plan.Seed, d.plan.Config = d.head.Seed, d.head.Config
	d.refs = map[string]bool{}
	counts := [3]int{d.head.Lanes.Main, d.head.Lanes.Drain, d.head.Lanes.Final}
	for i, phase := range d.plan.phases() {
		if counts[i] < 0 || counts[i] > maxWorkers {
			return fmt.Errorf("%d lanes for %s: there may be up to %d", counts[i], phase.name, maxWorkers)
		}
		if counts[i] > 0 {
			*phase.lanes = make([][]Op, counts[i])
		}
	}
	return nil
}

func (d *decoding) fault(text []byte) error {
	var l faultLine
	if err := strictly(text, &l); err != nil {
		return err
	}
	after, err := l.After.condition()
	if err != nil {
		return err
	}
	fault := Fault{Ref: l.Ref, Kind: l.Kind, Target: l.Target, At: l.At, After: after, For: l.For, Args: l.Args, Salt: l.Salt}
	if err := errors.Join(fault.check(), d.name(l.Ref)); err != nil {
		return err
	}
	d.plan.Faults = append(d.plan.Faults, fault)
	return nil
}

func (d *decoding) op(text []byte) error {
	var l opLine
	if err := strictly(text, &l); err != nil {
		return err
	}
	unless, err := l.Unless.condition()
	if err != nil {
		return err
	}
	value, err := planValue(l.Value, 0)
	if err != nil {
		return err
	}
	op := Op{Ref: l.Ref, At: l.At, F: l.F, Key: l.Key, Idem: l.Idem, Value: value, Node: l.Node, Retries: l.Retries, Unless: unless}
	if err := errors.Join(op.check(), d.name(l.Ref)); err != nil {
		return err
	}
	for _, phase := range d.plan.phases() {
		if phase.name != l.Phase {
			continue
		}
		if l.Worker < 0 || l.Worker >= len(*phase.lanes) {
			return fmt.Errorf("%s has no worker %d: the header says that there are %d", phase.name, l.Worker, len(*phase.lanes))
		}
		lane := &(*phase.lanes)[l.Worker]
		*lane = append(*lane, op)
		d.ops++
		return nil
	}
	return fmt.Errorf("no phase is called %q", l.Phase)
}

// name takes a name for an operation or fault, each once.
func (d *decoding) name(ref string) error {
	if ref == "" {
		return errors.New("it has no name")
	}
	if d.refs[ref] {
		return fmt.Errorf("%s is there twice", ref)
	}
	d.refs[ref] = true
	return nil
}

func (d *decoding) end(lines int) error {
	if lines == 0 {
		return errors.New("the plan is empty")
	}
	if d.ops != d.head.Operations || len(d.plan.Faults) != d.head.Faults {
		return fmt.Errorf("the plan is not whole: its header says %d operations and %d faults, and it has %d and %d",
			d.head.Operations, d.head.Faults, d.ops, len(d.plan.Faults))
	}
	return nil
}

// strictly reads one JSON object and nothing else. Numbers stay as written.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the line is cut short")
		}
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after the end of the object")
	}
	return nil
}
