// Package rotation has the keys of workloads that keep the history of each key
// short. So many places are in use at a time as the config has keys, and after a
// while a fresh key takes each place, at the same time for all workers. Then
// keys are hot while they live, checkers work on small parts, and a
// counterexample is easy to read.
package rotation

import (
	"iter"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness/plan"
)

// hotShare: one of so many places is hot, and half of all uses are of the hot
// ones. They are where operations meet.
const hotShare = 8

// Keys are the keys of a workload. Traffic that is given to Main and Drain
// has places ("7") where keys belong; see [Draw].
type Keys struct {
	// Prefix begins the name of each key.
	Prefix string
	// Uses is how many operations a key gets, on average, before a fresh one
	// takes its place.
	Uses int
	// Rename puts names in for the places of an operation. If it is nil, the
	// place is the operation's Key.
	Rename func(op plan.Op, name func(place string) string) plan.Op
}

// Draw draws a place.
func Draw(r *plan.Stream, c plan.Config) string {
	places := int64(max(1, c.Keys))
	if r.Below(2) == 0 {
		places = max(1, places/hotShare)
	}
	return strconv.FormatInt(r.Below(places), 10)
}

// Main spreads traffic over the time of warm-up and faults.
func (k Keys) Main(traffic plan.Generator) plan.Generator { return k.from(traffic, false) }

// Drain spreads traffic over the time after the faults. It begins with the keys
// in use at their end.
func (k Keys) Drain(traffic plan.Generator) plan.Generator { return k.from(traffic, true) }

func (k Keys) from(traffic plan.Generator, later bool) plan.Generator {
	rename := k.Rename
	if rename == nil {
		rename = func(op plan.Op, name func(string) string) plan.Op {
			op.Key = name(op.Key)
			return op
		}
	}
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		turns := k.in(scope.Config)
		var start time.Duration
		if later {
			start = scope.Config.WarmUp + scope.Config.Time - 1
		}
		return plan.Map(func(_ plan.Scope, op plan.Op) plan.Op {
			at := start + op.At
			return rename(op, func(place string) string { return turns.name(place, at) })
		}, plan.Stagger(0, traffic))(scope)
	}
}

// All returns every key that Main and Drain use, place by place.
func (k Keys) All(c plan.Config) []string {
	turns := k.in(c)
	last := c.WarmUp + c.Time - 1 + c.Settle
	var names []string
	for place := range turns.places {
		for g := range turns.generation(place, last) + 1 {
			names = append(names, turns.key(place, g))
		}
	}
	return names
}

// turns say which key is in each place at each time. Places take turns, so that
// they do not all change at once.
type turns struct {
	prefix string
	places int64
	// period is how long a key keeps its place.
	period time.Duration
}

func (k Keys) in(c plan.Config) turns {
	places, perSecond := int64(max(1, c.Keys)), int64(max(1, c.Rate))
	return turns{
		prefix: k.Prefix,
		places: places,
		period: max(time.Millisecond, time.Duration(int64(max(1, k.Uses))*places*1000/perSecond)*time.Millisecond),
	}
}

// name is that of the key in a place at a time: "c7" first, then "c7.1" and so
// on.
func (t turns) name(place string, at time.Duration) string {
	n, err := strconv.ParseInt(place, 10, 64)
	if err != nil {
		return place
	}
	return t.key(n, t.generation(n, at))
}

func (t turns) generation(place int64, at time.Duration) int64 {
	return int64((at + t.period/time.Duration(t.places)*time.Duration(place)) / t.period)
}

func (t turns) key(place, generation int64) string {
	name := t.prefix + strconv.FormatInt(place, 10)
	if generation > 0 {
		name += "." + strconv.FormatInt(generation, 10)
	}
	return name
}
