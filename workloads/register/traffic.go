package register

import (
	"iter"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness/plan"
)

const (
	readWeight, writeWeight, casWeight = 40, 35, 25
	// opsPerKey is how many operations a register gets, on average, before a
	// fresh one takes its place. Histories of single registers stay short, so
	// that a counterexample is easy to read.
	opsPerKey = 200
	// One of so many registers is hot, and half of all operations go to the
	// hot ones: they are where operations meet.
	hotShare = 8
)

const (
	// seen stands for the value that anyone last saw in the register.
	seen plan.Symbol = "seen"
	// exact marks a read of the very register that the plan names, even if
	// workers have moved on to its successor.
	exact plan.Symbol = "exact"
)

// mainTraffic is that of warm-up and faults. The register of an operation
// depends on its time, so that all workers go on to a fresh one together.
func mainTraffic(scope plan.Scope) iter.Seq[plan.Op] {
	keys := newRotation(scope.Config)
	paced := plan.Stagger(0, traffic(0))
	return plan.Map(func(_ plan.Scope, op plan.Op) plan.Op {
		op.Key = keys.name(op.Key, op.At)
		return op
	}, paced)(scope)
}

// drainTraffic goes on with the registers in use at the end of the faults.
func drainTraffic(scope plan.Scope) iter.Seq[plan.Op] {
	keys := newRotation(scope.Config)
	return plan.Stagger(0, plan.Map(func(_ plan.Scope, op plan.Op) plan.Op {
		op.Key = keys.name(op.Key, keys.end-1)
		return op
	}, traffic(1)))(scope)
}

// traffic is operations on keys that are numbers, to be named. The part of the
// run, 0 or 1, keeps the values of both parts apart.
func traffic(part int64) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		workers := int64(max(1, scope.Config.Workers))
		return plan.Draw(func(r *plan.Stream, n int64) plan.Op {
			op := plan.Op{Key: strconv.FormatInt(drawKey(r, int64(scope.Config.Keys)), 10)}
			fresh := 1 + int64(scope.Worker) + workers*(2*n+part)
			switch r.Weighted([]int{readWeight, writeWeight, casWeight}) {
			case 0:
				op.F = "read"
			case 1:
				op.F, op.Value = "write", fresh
			default:
				op.F, op.Value = "cas", []any{seen, fresh}
			}
			return op
		})(scope)
	}
}

func drawKey(r *plan.Stream, keys int64) int64 {
	if r.Below(2) == 0 {
		return r.Below(max(1, keys/hotShare))
	}
	return r.Below(keys)
}

// readBack reads every register that the main traffic used, and what took its
// place, through every node.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	var ops []plan.Op
	for _, key := range newRotation(scope.Config).all() {
		ops = append(ops, plan.Op{F: "read", Key: key, Value: exact}, plan.Op{F: "read", Key: key})
	}
	return plan.OnEachNode(plan.FromSlice(ops))(scope)
}

// rotation says which register stands in each place at each time. Places take
// turns, so that they do not all change at once.
type rotation struct {
	places int64
	// period is how long a register keeps its place.
	period, end time.Duration
}

func newRotation(c plan.Config) rotation {
	places := int64(max(1, c.Keys))
	perSecond := int64(max(1, c.Rate))
	return rotation{
		places: places,
		period: max(time.Millisecond, time.Duration(opsPerKey*places*1000/perSecond)*time.Millisecond),
		end:    c.WarmUp + c.Time,
	}
}

// name is that of the register that has the place at the time: "r7" first, then
// "r7.1" and so on.
func (r rotation) name(place string, at time.Duration) string {
	n, err := strconv.ParseInt(place, 10, 64)
	if err != nil {
		return place
	}
	return r.register(n, r.generation(n, at))
}

func (r rotation) generation(place int64, at time.Duration) int64 {
	offset := r.period / time.Duration(r.places) * time.Duration(place)
	return int64((at + offset) / r.period)
}

func (r rotation) register(place, generation int64) string {
	name := "r" + strconv.FormatInt(place, 10)
	if generation > 0 {
		name += "." + strconv.FormatInt(generation, 10)
	}
	return name
}

// all are the names of all registers until the end, place by place.
func (r rotation) all() []string {
	var names []string
	for place := range r.places {
		for g := range r.generation(place, r.end-1) + 1 {
			names = append(names, r.register(place, g))
		}
	}
	return names
}
