package linearizable

import (
	"math"

	"github.com/tertium-dev/tertium/harness/history/columns"
)

// view is a columnar view as a model sees it.
type view struct {
	*columns.Columns
	model *Model
	// function is the position of each function of the view among those of the
	// model, or -1.
	function []int8
	// same maps each value to the first that is equal to it, as [plain] has it;
	// nil if that is always itself.
	same    []uint32
	numbers numbering
	// offset is the number of the text "offset", or one that no value has; 0
	// before somebody asked.
	offset uint32
}

func newView(m *Model, from *columns.Columns) *view {
	v := &view{Columns: from, model: m, function: make([]int8, from.Functions.Len())}
	v.numbers.entries = make([]numbered, from.Values.Len()+1) // one more, see find
	for f := range v.function {
		v.function[f] = -1
	}
	for i, name := range m.Functions {
		if f, known := from.Functions.Find(name); known {
			v.function[f] = int8(i)
		}
	}
	v.unite()
	return v
}

// unite finds the values that are equal though their numbers are not: whole
// numbers as floats and as integers.
func (v *view) unite() {
	floats := false
	for id := range uint32(v.Values.Len()) {
		floats = floats || v.Values.Kind(id) == columns.Float
	}
	if !floats {
		return
	}
	v.same = make([]uint32, v.Values.Len())
	first := make(map[any]uint32, len(v.same))
	for id := range uint32(len(v.same)) {
		v.same[id] = id
		value, err := plain(v.Values.At(id))
		if err != nil {
			continue // what nobody can read is equal to itself alone
		}
		if other, known := first[value]; known {
			v.same[id] = other
		} else {
			first[value] = id
		}
	}
}

// in and out return the values of an operation's call and completion.
func (v *view) in(op uint32) uint32  { return v.canonical(v.In[op]) }
func (v *view) out(op uint32) uint32 { return v.canonical(v.Out[op]) }

func (v *view) canonical(value uint32) uint32 {
	if v.same == nil {
		return value
	}
	return v.same[value]
}

// whole returns a value that is a whole number.
func (v *view) whole(value uint32) (int64, bool) {
	if n, ok := v.Values.Int(value); ok {
		return n, true
	}
	if v.Values.Kind(value) != columns.Float {
		return 0, false
	}
	float, _ := v.Values.At(value).(float64)
	return int64(float), float == math.Trunc(float) && math.Abs(float) < exact
}

// find returns the number of a value in plain form, or, if the view has none
// such, a number that no value has.
func (v *view) find(value any) uint32 {
	if value == nil {
		return uint32(columns.Nil)
	}
	n, integer := value.(int64)
	for id := range uint32(v.Values.Len()) {
		if integer {
			if held, ok := v.whole(id); ok && held == n {
				return v.canonical(id)
			}
		} else if held, err := plain(v.Values.At(id)); err == nil && held == value {
			return v.canonical(id)
		}
	}
	return uint32(v.Values.Len())
}

// wanted says whether an operation is one of the model's.
func (v *view) wanted(op uint32) bool { return v.function[v.F[op]] >= 0 }

// all returns the operations of the model.
func (v *view) all() []uint32 {
	var ops []uint32
	for op := range uint32(v.Operations()) {
		if v.wanted(op) {
			ops = append(ops, op)
		}
	}
	return ops
}

// parsed returns operations in full. None of them is one that Parse skips.
func (v *view) parsed(picked []uint32) []Op {
	operations := v.Pick(picked)
	ops := make([]Op, 0, len(operations))
	for i := range operations {
		if step, err := v.model.parse(&operations[i]); err == nil && step != nil {
			ops = append(ops, Op{&operations[i], step})
		}
	}
	return ops
}

// elementName is the text of a value.
func (v *view) elementName(value uint32) string {
	name, err := appendText(nil, v.Values.At(value))
	if err != nil {
		return ""
	}
	return string(name)
}

// numbering numbers the values of one object after the other.
type numbering struct {
	entries []numbered
	object  uint32
}

// numbered is the number that a value has in the last object that had it.
type numbered struct{ object, number uint32 }

// begin starts an object, in which no value has a number.
func (n *numbering) begin() { n.object++ }

// of returns the number of a value, which is next if it has none.
func (n *numbering) of(value, next uint32) (number uint32, fresh bool) {
	e := &n.entries[value]
	if e.object != n.object {
		*e = numbered{n.object, next}
		return next, true
	}
	return e.number, false
}
