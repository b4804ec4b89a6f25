package lock

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/rotation"
)

// additions is how often a holder counts.
const additions = 3

// exact marks a read of the very count that the plan names, even if workers have
// moved on to its successor.
const exact plan.Symbol = "exact"

// sections is one critical section after the other: acquire, count, release. Its
// operations have their times. Of a hundred holders, so many are stopped after
// they have counted once. Locks are those of the time since the start of the
// main phases, of which so much has gone by.
func sections(stalled int64, gone time.Duration) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		return func(yield func(plan.Op) bool) {
			r := scope.Stream()
			slot := slot(scope.Config)
			var now time.Duration
			for {
				at := now + time.Duration(r.Below(int64(slot/3)))
				step := time.Duration(r.Below(int64(slot / 3 / additions)))
				key := key(rotation.Draw(r, scope.Config), gone+at)
				terms := map[string]any{"ttl_s": int64(ttl / time.Second)}
				stopped := r.Below(100) < stalled
				if stopped {
					terms["stalled"] = true
				}
				ops := []plan.Op{{F: "acquire", Key: key, Value: terms, At: at}}
				for i := range additions {
					if at += step; i == 1 && stopped {
						at += stall
					}
					ops = append(ops, plan.Op{F: "add-and-get", Key: key, Value: int64(1), At: at})
				}
				ops = append(ops, plan.Op{F: "release", Key: key, At: at + step})
				for _, op := range ops {
					if !yield(op) {
						return
					}
				}
				if now += slot; stopped {
					now += stall
				}
			}
		}
	}
}

// slot is the time that a worker has for a section.
func slot(c plan.Config) time.Duration {
	operations := int64(additions + 2)
	return max(time.Millisecond, time.Duration(operations*int64(max(1, c.Workers))*1000/int64(max(1, c.Rate)))*time.Millisecond)
}

// key is the lock that has a place at a time.
func key(place string, at time.Duration) string {
	name := "k" + place
	if generation := int64(at / lifetime); generation > 0 {
		name += "." + strconv.FormatInt(generation, 10)
	}
	return name
}

// fresh is when, as far as locks go, the drain begins: with fresh ones, because
// those of the main phases may be held by workers whose sections were cut off.
func fresh(c plan.Config) time.Duration { return ((c.WarmUp+c.Time)/lifetime + 1) * lifetime }

// readBack reads every count of the plan, and what took its place, through every
// node.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	c := scope.Config
	var ops []plan.Op
	for place := range max(1, c.Keys) {
		for at := time.Duration(0); at < fresh(c)+c.Settle; at += lifetime {
			key := key(strconv.Itoa(place), at)
			ops = append(ops, plan.Op{F: "add-and-get", Key: key, Value: exact}, plan.Op{F: "add-and-get", Key: key, Value: int64(0)})
		}
	}
	return plan.OnEachNode(plan.FromSlice(ops))(scope)
}

// planned returns the plan's name for a lock and the successor's number.
func planned(key string) (name string, successor int) {
	name, suffix, found := strings.Cut(key, "~")
	if !found {
		return key, 0
	}
	successor, err := strconv.Atoi(suffix)
	if err != nil {
		return key, 0
	}
	return name, successor
}
