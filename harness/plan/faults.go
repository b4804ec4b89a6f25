package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// FaultSpec is what planning needs to know of a kind of fault.
type FaultSpec struct {
	// Kind is its name and Family the group that it belongs to. Wire faults
	// overlap those of all other families, which never overlap each other: of
	// three nodes, one killed and one cut off leave no majority to test.
	Kind, Family string
	// Targets are what it can be put on; one is drawn.
	Targets []string
	// Args are its parameters with the lowest and highest value to draw.
	Args map[string][2]int64
	// Length is how long it lasts, if time allows.
	Length time.Duration
	// Nodes is the lowest number of nodes that it makes sense for.
	Nodes int
}

// shortest is what a fault may be cut down to when time is scarce.
func (s FaultSpec) shortest() time.Duration { return min(s.Length, time.Second) }

// track is a sequence of faults that do not overlap.
type track struct {
	name  string
	specs []FaultSpec
	// gap is the time, on average, that a system gets to recover before each.
	gap time.Duration
}

func (t track) maxGap() time.Duration { return t.gap * 6 / 5 }

// allFaults are those at moments that the seed decides and those of the script,
// in order of their time.
func allFaults(seed uint64, config Config, specs []FaultSpec) ([]Fault, error) {
	drawn, err := schedule(seed, config, specs)
	if err != nil {
		return nil, err
	}
	chosen, err := script(seed, config, specs)
	if err != nil {
		return nil, err
	}
	faults := append(drawn, chosen...)
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Ref, b.Ref))
	})
	return faults, nil
}

// schedule plans every kind of fault that the config names at least once, and
// as many rounds of them as there is time for.
//
// Each fault draws from a stream of its own, and each kind's place in a round
// does too, so that one more kind or one less reshuffles nothing.
func schedule(seed uint64, config Config, specs []FaultSpec) ([]Fault, error) {
	wire := track{name: "wire", gap: 300 * time.Millisecond}
	rest := track{name: "link, process and disk", gap: time.Second}
	for _, kind := range config.Faults {
		spec, err := findSpec(config, specs, kind)
		if err != nil {
			return nil, err
		}
		if spec.Family == "wire" {
			wire.specs = append(wire.specs, spec)
		} else {
			rest.specs = append(rest.specs, spec)
		}
	}
	if err := errors.Join(wire.fits(config.Time), rest.fits(config.Time)); err != nil {
		return nil, err
	}
	return append(wire.plan(seed, config), rest.plan(seed, config)...), nil
}

func findSpec(config Config, specs []FaultSpec, kind string) (FaultSpec, error) {
	i := slices.IndexFunc(specs, func(s FaultSpec) bool { return s.Kind == kind })
	if i < 0 {
		known := make([]string, len(specs))
		for i, spec := range specs {
			known[i] = spec.Kind
		}
		return FaultSpec{}, fmt.Errorf("no fault is called %q: choose from %s", kind, strings.Join(known, ", "))
	}
	spec := specs[i]
	if len(config.Nodes) < spec.Nodes {
		return FaultSpec{}, fmt.Errorf("fault %s needs at least %d nodes and there are %d: add nodes or leave it out", kind, spec.Nodes, len(config.Nodes))
	}
	if spec.Length < 0 || spec.Length > maxTime {
		return FaultSpec{}, fmt.Errorf("fault %s lasts %v: its length must be between 0 and %v", kind, spec.Length, maxTime)
	}
	for name, bounds := range spec.Args {
		if bounds[0] > bounds[1] {
			return FaultSpec{}, fmt.Errorf("fault %s draws %s from %d to %d: its lowest value must not be above its highest", kind, name, bounds[0], bounds[1])
		}
	}
	return spec, nil
}

// fits returns an error if the time is too short for every kind once.
func (t track) fits(window time.Duration) error {
	var least time.Duration
	for _, spec := range t.specs {
		least += t.maxGap() + spec.shortest()
	}
	if least > window {
		return fmt.Errorf("a time of %v is too short for %d %s faults: set it to at least %v, or name fewer faults", window, len(t.specs), t.name, least)
	}
	return nil
}

// plan lays the faults of a track out from the end of the warm-up on.
func (t track) plan(seed uint64, config Config) []Fault {
	if len(t.specs) == 0 {
		return nil
	}
	var faults []Fault
	now, end := config.WarmUp, config.WarmUp+config.Time
	lengths := t.lengths(config.Time)
	for round := 1; ; round++ {
		before := len(faults)
		for _, spec := range t.order(seed, round) {
			ref := fmt.Sprintf("%s.%d", spec.Kind, round)
			fault, gap := t.draw(seed, ref, spec)
			fault.For = spec.Length
			if round == 1 {
				fault.For = lengths[spec.Kind]
			}
			if now+gap+fault.For > end {
				continue
			}
			fault.At = now + gap
			now = fault.At + fault.For
			faults = append(faults, fault)
		}
		if len(faults) == before || len(faults) >= maxFaults {
			return faults
		}
	}
}

// maxFaults bounds a track of faults that take no time.
const maxFaults = 1 << 16

// lengths are those of the first round, in which every kind has its place: full
// if there is time, else cut in proportion to what lies above the shortest.
func (t track) lengths(window time.Duration) map[string]time.Duration {
	lengths := map[string]time.Duration{}
	var shortest, full int64
	for _, spec := range t.specs {
		shortest += int64(spec.shortest())
		full += int64(spec.Length)
	}
	available := int64(window) - int64(len(t.specs))*int64(t.maxGap())
	for _, spec := range t.specs {
		lengths[spec.Kind] = spec.Length
		if full > available {
			// In milliseconds, so that the product stays in 64 bits.
			above := (spec.Length - spec.shortest()).Milliseconds()
			share := above * ((available - shortest) / 1e6) / ((full - shortest) / 1e6)
			lengths[spec.Kind] = spec.shortest() + millis(share)
		}
	}
	return lengths
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// order is that of the kinds in one round.
func (t track) order(seed uint64, round int) []FaultSpec {
	place := map[string]uint64{}
	for _, spec := range t.specs {
		place[spec.Kind] = NewStream(seed, "fault order", fmt.Sprintf("%s.%d", spec.Kind, round)).Uint64()
	}
	return slices.SortedFunc(slices.Values(t.specs), func(a, b FaultSpec) int {
		return cmp.Or(cmp.Compare(place[a.Kind], place[b.Kind]), cmp.Compare(a.Kind, b.Kind))
	})
}

// draw makes a fault without its times, and the gap to leave before it.
func (t track) draw(seed uint64, ref string, spec FaultSpec) (fault Fault, gap time.Duration) {
	r := NewStream(seed, "fault", ref)
	fault = Fault{Ref: ref, Kind: spec.Kind, Salt: r.Uint64(), Target: Pick(r, spec.Targets)}
	gap = time.Duration(r.Between(int64(t.gap*4/5), int64(t.maxGap())))
	for _, name := range slices.Sorted(maps.Keys(spec.Args)) {
		if fault.Args == nil {
			fault.Args = map[string]int64{}
		}
		fault.Args[name] = r.Between(spec.Args[name][0], spec.Args[name][1])
	}
	return fault, gap
}
