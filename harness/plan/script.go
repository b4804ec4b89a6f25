package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Injection is a fault at a moment that somebody chose, such as one of an
// incident. What it leaves open is drawn from the seed, as for any other fault.
type Injection struct {
	// At is when to inject it, counted from the start of the main phases.
	At   time.Duration
	Kind string
	// Target says where; empty means drawn.
	Target string
	// For is how long it lasts; nil means as long as the kind does by default.
	For *time.Duration
	// Args are parameters of the kind that are not to be drawn.
	Args map[string]int64
}

// scriptPrefix begins the names of faults that somebody chose.
const scriptPrefix = "script."

// Scripted reports whether somebody chose the moment of the fault. Such faults
// may overlap any other.
func (f Fault) Scripted() bool { return strings.HasPrefix(f.Ref, scriptPrefix) }

// ParseInjection reads a moment, a kind, and then what is not to be drawn:
// "8s kill target=n1 for=2s reply=1".
func ParseInjection(text string) (Injection, error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return Injection{}, fmt.Errorf(`injection %q: write a moment and a fault, as in "8s kill target=n1 for=2s"`, text)
	}
	at, err := time.ParseDuration(words[0])
	if err != nil || at < 0 {
		return Injection{}, fmt.Errorf("injection %q: %q is no moment: write the time since the start as 500ms, 30s or 1m30s", text, words[0])
	}
	i := Injection{At: at, Kind: words[1]}
	seen := map[string]bool{}
	for _, word := range words[2:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" || value == "" {
			return Injection{}, fmt.Errorf("injection %q: %q has no value: write it as name=value", text, word)
		}
		if seen[name] {
			return Injection{}, fmt.Errorf("injection %q: %s is there twice", text, name)
		}
		seen[name] = true
		switch name {
		case "target":
			i.Target = value
		case "for":
			length, err := time.ParseDuration(value)
			if err != nil || length < 0 {
				return Injection{}, fmt.Errorf("injection %q: %q is not a length of time: write it as 500ms, 30s or 1m30s", text, value)
			}
			i.For = &length
		default:
			number, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return Injection{}, fmt.Errorf("injection %q: %s is %q: it must be a whole number", text, name, value)
			}
			if i.Args == nil {
				i.Args = map[string]int64{}
			}
			i.Args[name] = number
		}
	}
	return i, nil
}

// String writes the injection as [ParseInjection] reads it.
func (i Injection) String() string {
	words := []string{i.At.String(), i.Kind}
	if i.Target != "" {
		words = append(words, "target="+i.Target)
	}
	if i.For != nil {
		words = append(words, "for="+i.For.String())
	}
	for _, name := range slices.Sorted(maps.Keys(i.Args)) {
		words = append(words, fmt.Sprintf("%s=%d", name, i.Args[name]))
	}
	return strings.Join(words, " ")
}

// MarshalText writes the injection as its String.
func (i Injection) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (i *Injection) UnmarshalText(text []byte) (err error) {
	*i, err = ParseInjection(string(text))
	return err
}

// script makes the faults of a config's script.
func script(seed uint64, config Config, specs []FaultSpec) ([]Fault, error) {
	var faults []Fault
	var errs []error
	for n, i := range config.Script {
		fault, err := i.fault(seed, fmt.Sprintf("%s%d", scriptPrefix, n+1), config, specs)
		if err != nil {
			errs = append(errs, fmt.Errorf("injection %q: %w", i, err))
			continue
		}
		faults = append(faults, fault)
	}
	return faults, errors.Join(errs...)
}

// fault is the injection as a fault, with all that it leaves open drawn.
func (i Injection) fault(seed uint64, ref string, config Config, specs []FaultSpec) (Fault, error) {
	spec, err := findSpec(config, specs, i.Kind)
	if err != nil {
		return Fault{}, err
	}
	if end := config.WarmUp + config.Time; i.At >= end {
		return Fault{}, fmt.Errorf("the faults end %v after the start, before its moment: set the time to more than %v", end, i.At-config.WarmUp)
	}
	fault, _ := track{}.draw(seed, ref, spec)
	fault.At, fault.For = i.At, spec.Length
	if i.Target != "" {
		fault.Target = i.Target
	}
	if i.For != nil {
		fault.For = *i.For
	}
	for name, value := range i.Args {
		if _, known := spec.Args[name]; !known {
			return Fault{}, fmt.Errorf("fault %s has no parameter %q: choose from %s",
				i.Kind, name, orNone(slices.Sorted(maps.Keys(spec.Args))))
		}
		fault.Args[name] = value
	}
	return fault, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
