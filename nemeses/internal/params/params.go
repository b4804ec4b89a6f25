// Package params reads the arguments that a plan gives to a fault.
package params

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/plan"
)

// limit keeps every argument far from overflowing a [time.Duration]: as
// milliseconds it is eleven days.
const limit = 1_000_000_000

// Percent is the argument that says how many messages in a hundred are treated.
const Percent = "percent"

// Values are the arguments of one fault, checked.
type Values map[string]int64

// Read returns the arguments of f. One that the plan leaves open has the lowest
// value of its range. The ranges are what the planner draws from; a plan
// written by hand may go beyond them. Unknown names, negative values and
// percentages above 100 are errors.
func Read(f plan.Fault, ranges map[string][2]int64) (Values, error) {
	values := make(Values, len(ranges))
	for name, span := range ranges {
		values[name] = span[0]
	}
	for _, name := range slices.Sorted(maps.Keys(f.Args)) {
		if _, known := ranges[name]; !known {
			return nil, fmt.Errorf("fault %s (%s) has no argument %q; it has %s", f.Ref, f.Kind, name, names(ranges))
		}
		highest := int64(limit)
		if name == Percent {
			highest = 100
		}
		value := f.Args[name]
		if value < 0 || value > highest {
			return nil, fmt.Errorf("fault %s (%s): %s is %d; it must be from 0 to %d", f.Ref, f.Kind, name, value, highest)
		}
		values[name] = value
	}
	return values, nil
}

// Milliseconds returns the argument as a duration.
func (v Values) Milliseconds(name string) time.Duration {
	return time.Duration(v[name]) * time.Millisecond
}

func names(ranges map[string][2]int64) string {
	if len(ranges) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(ranges)), ", ")
}
