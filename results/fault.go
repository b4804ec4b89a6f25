package results

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// Fault is one fault of a run, with the proof that it took effect and the
// operations that it overlapped.
type Fault struct {
	// Ref is the plan's name for it and Kind the kind's: "lost-ack".
	Ref  string `json:"ref"`
	Kind string `json:"kind"`
	// Target is where the plan wanted it and Where the places that it was put
	// on.
	Target string   `json:"target"`
	Where  []string `json:"where"`
	// Injected is false if it never was.
	Injected bool `json:"injected"`
	// Start and End are its stamps. A fault that was never healed ends with the
	// history.
	Start time.Duration `json:"start_ns"`
	End   time.Duration `json:"end_ns"`
	// Healed is false if the history ends while it was in place.
	Healed bool `json:"healed"`
	// Count is how often it took effect and Evidence says it in words.
	Count    int64  `json:"count"`
	Evidence string `json:"evidence"`
	// Overlaps count the operations that were under way while it was in place,
	// by function.
	Overlaps []Tally `json:"overlaps"`
	// Bit is whether the fault counts as tested: it took effect, and at least
	// one operation was under way.
	Bit bool `json:"bit"`
	// Error says what went wrong with it.
	Error string `json:"error,omitempty"`
}

// Name names the fault to people: "lost-ack on leader (f3)", or "lost-ack.2 on
// leader" if its reference says the kind already.
func (f Fault) Name() string {
	name, ref := f.Kind, f.Ref
	if strings.HasPrefix(ref, f.Kind) {
		name, ref = ref, ""
	}
	if f.Target != "" {
		name += " on " + f.Target
	}
	if ref != "" {
		name += " (" + ref + ")"
	}
	return name
}

// WhyNot says why the fault does not count as tested, if it does not.
func (f Fault) WhyNot() string {
	because := ""
	if f.Error != "" {
		because = ": " + f.Error
	}
	switch {
	case f.Bit:
		return ""
	case !f.Injected:
		return "was planned but never injected" + because
	case f.Count <= 0 && !f.Healed:
		return "has no evidence, because the history ends before it was healed" + because
	case f.Count <= 0:
		return "was injected but never took effect" + because
	}
	return "took effect while no operation was under way" + because
}

// faultsOf pairs the planned faults with what the history says of them. Faults
// that the plan does not name are added, so that a history without a plan has
// its faults too. They are in order of their start; those never injected come
// last.
func faultsOf(planned []plan.Fault, h *history.History, operations []history.Operation) []Fault {
	r := faultReader{current: map[faultID]*Fault{}}
	for _, f := range planned {
		r.add(Fault{Ref: f.Ref, Kind: f.Kind, Target: f.Target, Error: "the history does not mention it"})
	}
	for i := range h.Events {
		if h.Events[i].Kind == history.Nemesis {
			r.see(&h.Events[i])
		}
	}
	end, longest := duration(h), longest(operations)
	faults := make([]Fault, len(r.faults))
	for i, fault := range r.faults {
		if fault.Injected {
			if !fault.Healed {
				fault.End = end
			}
			fault.Overlaps = overlapping(operations, fault.Start, fault.End, longest)
			fault.Bit = fault.Count > 0 && len(fault.Overlaps) > 0
		}
		faults[i] = *fault
	}
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(btoi(b.Injected), btoi(a.Injected)), cmp.Compare(a.Start, b.Start))
	})
	return faults
}

// faultID is what the events of one fault have in common.
type faultID struct{ ref, kind string }

// faultReader gathers faults from the events of a history.
type faultReader struct {
	faults []*Fault
	// current is the latest fault of each name.
	current map[faultID]*Fault
}

func (r *faultReader) add(f Fault) *Fault {
	f.Where, f.Overlaps = []string{}, []Tally{}
	r.faults = append(r.faults, &f)
	r.current[faultID{f.Ref, f.Kind}] = &f
	return &f
}

// see takes in what a nemesis event says about a fault. Events of other stages,
// such as another harness may have written, are not about a fault's time and
// are passed over.
func (r *faultReader) see(e *history.Event) {
	details, _ := e.Value.(map[string]any)
	fault := r.current[faultID{e.Ref, e.F}]
	switch details["stage"] {
	case harness.StageInject:
		if fault == nil || fault.Injected {
			fault = r.add(Fault{Ref: e.Ref, Kind: e.F})
		}
		fault.Injected, fault.Start = true, e.Time
	case harness.StageHeal:
		if fault == nil || !fault.Injected || fault.Healed {
			return
		}
		fault.Healed, fault.End = true, e.Time
	case harness.StageMissed:
		if fault == nil || fault.Injected {
			fault = r.add(Fault{Ref: e.Ref, Kind: e.F})
		}
	default:
		return
	}
	fault.Error = e.Error
	fault.note(details)
}

// note takes over the details of an event.
func (f *Fault) note(details map[string]any) {
	if target, ok := details["target"].(string); ok {
		f.Target = target
	}
	if count, ok := details["count"].(int64); ok {
		f.Count = count
	}
	if what, ok := details["what"].(string); ok {
		f.Evidence = what
	}
	if places, ok := details["where"].([]any); ok {
		f.Where = []string{}
		for _, place := range places {
			if name, ok := place.(string); ok {
				f.Where = append(f.Where, name)
			}
		}
	}
}

// overlapping tallies the operations that were under way between the two
// stamps. A client that still waited counts, whatever it learned later. The
// operations are in order of their start, and none took more than the longest.
func overlapping(operations []history.Operation, start, end, longest time.Duration) []Tally {
	from, _ := slices.BinarySearchFunc(operations, start-longest, func(op history.Operation, at time.Duration) int {
		return cmp.Compare(op.Start, at)
	})
	tallies := tallyMap{}
	for _, op := range operations[from:] {
		if op.Start > end {
			break
		}
		if op.End >= start {
			tallies.count(op.F, op.Outcome)
		}
	}
	return tallies.sorted()
}

// longest is how long the slowest operation kept its client waiting.
func longest(operations []history.Operation) time.Duration {
	var longest time.Duration
	for i := range operations {
		longest = max(longest, operations[i].End-operations[i].Start)
	}
	return longest
}

func duration(h *history.History) time.Duration {
	if len(h.Events) == 0 {
		return 0
	}
	return h.Events[len(h.Events)-1].Time
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
