package linearizable

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/grouped"
	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// columnar is how the histories of a model are judged from columns.
type columnar struct {
	// method is the algorithm that decides.
	method string
	// read returns the step of an operation, as Parse does.
	read func(v *view, op uint32) columnStep
	// splits says that objects fall into their values, but for objects with a
	// step that is coupling.
	splits   bool
	coupling uint8
	// together says that one part may have several objects.
	together bool
	// prepare makes a part ready to be judged. One part is prepared at a time,
	// and then judged beside others; an answer or error for each object.
	prepare func(v *view, p *part) (judge func() ([]answer, []error))
}

// columnStep is a step in numbers: what was done, and up to two values.
type columnStep struct {
	code       uint8
	value, old uint32
}

// Codes beside those of models. An operation that is skipped tells nothing. One
// that is strange makes its object one to be judged from operations in full.
const (
	skipped uint8 = 255 - iota
	strange
)

// part is some objects that are judged together.
type part struct {
	// ops are by place: by object, then by call. steps are those of all
	// operations of the view.
	ops      []uint32
	steps    []columnStep
	timeline sweep.Timeline
	// first is the first place of each object.
	first []uint32
	// entries is where each object begins in the timeline, and, at its end, how
	// long that is.
	entries []uint32
}

// objects is how many objects there are.
func (p *part) objects() int { return len(p.first) }

// end is the place after the last one of an object.
func (p *part) end(object int) uint32 {
	if object+1 < len(p.first) {
		return p.first[object+1]
	}
	return uint32(len(p.ops))
}

// step is what the operation at a place did.
func (p *part) step(place int) *columnStep { return &p.steps[p.ops[place]] }

// enough is how many operations make a part worth a goroutine.
const enough = 1 << 15

// WorthColumns says whether it is faster to make the columns of a history first
// than to do without: it is for the models that are judged from them.
func (c *Checker) WorthColumns() bool {
	return c.model.columnar != nil && c.model.Object == nil && c.engine == Automatic
}

// judgeColumns adds what it finds out about the objects of a view.
func (c *Checker) judgeColumns(ctx context.Context, from *columns.Columns, memory int64, t *tally) {
	v := newView(&c.model, from)
	if !c.WorthColumns() {
		c.judge(ctx, from.Pick(v.all()), memory, t)
		return
	}
	j := columnarJudge{Checker: c, view: v, columnar: c.model.columnar}
	j.scan()
	j.order()
	j.decide()
	j.report(t)
	if left := j.left(); len(left) > 0 {
		c.judge(ctx, from.Pick(left), memory, t)
	}
}

// columnarJudge judges a view.
type columnarJudge struct {
	*Checker
	*view
	*columnar
	steps []columnStep
	keys  []keyCount
	// keyOf is the key of each object, and element its value if it is one of
	// several of its key.
	keyOf   []uint32
	element []uint32
	places  grouped.Order
	// objectOf is the object of each operation, or grouped.None.
	objectOf []uint32
	answers  []answer
	errs     []error
}

// keyCount is what is known of a key.
type keyCount struct {
	operations, optional, objects uint32
	answered, telling             bool
	coupled, undecided            bool
}

// scan reads all operations.
func (j *columnarJudge) scan() {
	j.steps = make([]columnStep, j.Operations())
	j.keys = make([]keyCount, j.Keys.Len())
	for op := range j.steps {
		if !j.wanted(uint32(op)) {
			j.steps[op].code = skipped
			continue
		}
		step := j.read(j.view, uint32(op))
		j.steps[op] = step
		k := &j.keys[j.Key[op]]
		k.operations++
		k.answered = k.answered || j.Outcome[op] != history.Unknown
		switch {
		case step.code == strange:
			k.undecided = true
		case step.code == skipped:
		default:
			k.telling = true
			k.coupled = k.coupled || j.splits && step.code == j.coupling
			if j.Outcome[op] == history.Unknown {
				k.optional++
			}
		}
	}
}

// order puts operations in the order of their objects.
func (j *columnarJudge) order() {
	object := make([]uint32, len(j.steps))
	j.objectOf = object
	for op := range object {
		object[op] = grouped.None
		if j.steps[op].code != skipped && !j.keys[j.Key[op]].undecided {
			object[op] = j.Key[op]
		}
	}
	j.places = grouped.ByObject(object, len(j.keys))
	if !j.splits {
		for key := range j.keys {
			j.keyOf = append(j.keyOf, uint32(key))
		}
		return
	}
	// Objects are numbered anew: one for each value of a key, or for the key.
	for key := range j.keys {
		j.numbers.begin()
		for _, op := range j.places.Ops[j.places.First[key]:j.places.First[key+1]] {
			value := uint32(0)
			if !j.keys[key].coupled {
				value = j.steps[op].value
			}
			n, fresh := j.numbers.of(value, uint32(len(j.keyOf)))
			if fresh {
				j.keyOf, j.element = append(j.keyOf, uint32(key)), append(j.element, value)
			}
			object[op] = n
		}
	}
	j.places = grouped.ByObject(object, len(j.keyOf))
}

// decide judges the objects part by part.
func (j *columnarJudge) decide() {
	objects := j.places.Objects()
	j.answers, j.errs = make([]answer, objects), make([]error, objects)
	parts := j.parts()
	returns := func(op uint32) bool { return j.Outcome[op] != history.Unknown }
	lines := j.places.Timelines(j.Events, columns.Other, j.objectOf, returns, parts)
	var group errgroup.Group
	group.SetLimit(j.workers)
	// Small parts are judged several by one goroutine.
	var batch []func()
	size := 0
	flush := func() {
		judges := batch
		group.Go(func() error {
			for _, judge := range judges {
				judge()
			}
			return nil
		})
		batch, size = nil, 0
	}
	for i, from := range parts {
		to := objects
		if i+1 < len(parts) {
			to = parts[i+1]
		}
		first := j.places.First[from]
		p := &part{
			ops:      j.places.Ops[first:j.places.First[to]],
			steps:    j.steps,
			timeline: sweep.Timeline(lines.Entries[lines.First[from]:lines.First[to]]),
		}
		p.first = make([]uint32, 0, to-from)
		for object := from; object < to; object++ {
			p.first = append(p.first, j.places.First[object]-first)
		}
		if j.together {
			p.entries = make([]uint32, 0, to-from+1)
			for _, entry := range lines.First[from : to+1] {
				p.entries = append(p.entries, entry-lines.First[from])
			}
		}
		judge := j.prepare(j.view, p)
		batch = append(batch, func() {
			answers, errs := judge()
			copy(j.answers[from:to], answers)
			copy(j.errs[from:to], errs)
		})
		if size += len(p.ops); size >= enough {
			flush()
		}
	}
	flush()
	_ = group.Wait() // no judge returns an error
}

// parts returns the first object of each part.
func (j *columnarJudge) parts() []int {
	var parts []int
	size := uint32(enough)
	for object := range j.places.Objects() {
		if !j.together || size >= enough {
			parts, size = append(parts, object), 0
		}
		size += j.places.First[object+1] - j.places.First[object]
	}
	return parts
}

// report adds the keys all objects of which were decided.
func (j *columnarJudge) report(t *tally) {
	for object, key := range j.keyOf {
		j.keys[key].objects++
		j.keys[key].undecided = j.keys[key].undecided || j.errs[object] != nil
	}
	for i := range j.keys {
		k := &j.keys[i]
		if k.operations == 0 || k.undecided {
			continue
		}
		t.objects += int(max(1, k.objects))
		t.judged += int(k.operations)
		t.optional += int(k.optional)
		t.answered = t.answered || k.answered
		t.telling = t.telling || k.telling
		t.methods[j.method] += int(max(1, k.objects))
	}
	for object, key := range j.keyOf {
		if !j.keys[key].undecided && !j.answers[object].valid {
			t.invalid = append(t.invalid, suspect{j.object(object), j.answers[object].by(j.method)})
		}
	}
}

// object is the object of a number.
func (j *columnarJudge) object(number int) object {
	ops := j.places.Ops[j.places.First[number]:j.places.First[number+1]]
	key := j.keyOf[number]
	o := object{key: j.Keys.At(key), size: len(ops)}
	if j.splits && !j.keys[key].coupled {
		o.key = partKey(o.key, j.elementName(j.element[number]))
	}
	o.fetch = func(places []int) []Op {
		picked := ops
		if places != nil {
			picked = make([]uint32, len(places))
			for i, at := range places {
				picked[i] = ops[at]
			}
		}
		return j.parsed(picked)
	}
	return o
}

// left returns the operations on keys that were not decided.
func (j *columnarJudge) left() []uint32 {
	var ops []uint32
	if !slices.ContainsFunc(j.keys, func(k keyCount) bool { return k.undecided }) {
		return nil
	}
	for op := range uint32(j.Operations()) {
		if j.wanted(op) && j.keys[j.Key[op]].undecided {
			ops = append(ops, op)
		}
	}
	return ops
}

// errAlone is why an object is judged from operations in full, where it does not
// matter why.
var errAlone = errors.New("judged from its operations")
