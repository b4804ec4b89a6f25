// Package grouped puts the operations of a columnar view into the order of the
// objects that they are about, by counting and without a map.
package grouped

// None is the object of operations that are left out.
const None = 1<<32 - 1

// Order is operations by object, and by their call within an object. The place
// of an operation is its position in Ops.
type Order struct {
	Ops []uint32
	// First is the first place of each object, and, at its end, len(Ops).
	First []uint32
}

// ByObject orders operations, of which object has the objects: numbers below
// objects, or [None].
func ByObject(object []uint32, objects int) Order {
	o := Order{First: make([]uint32, objects+1)}
	for _, at := range object {
		if at != None {
			o.First[at+1]++
		}
	}
	for i := range objects {
		o.First[i+1] += o.First[i]
	}
	o.Ops = make([]uint32, o.First[objects])
	next := append([]uint32(nil), o.First...)
	for op, at := range object {
		if at != None {
			o.Ops[next[at]] = uint32(op)
			next[at]++
		}
	}
	return o
}

// Objects is how many objects there are.
func (o *Order) Objects() int { return len(o.First) - 1 }

// Timelines are the calls and returns of operations, object by object.
type Timelines struct {
	// Entries are, like the events of the view, twice an operation, plus one if
	// it returns. Operations are counted from the first of their part.
	Entries []uint32
	// First is the first entry of each object, and, at its end, len(Entries).
	First []uint32
}

// Timelines splits the events of a view, in which other stands for what is
// neither a call nor a return, and of whose operations some return. Operations
// have the objects by which they were ordered. Parts begin at some objects,
// ascending, the first of which is 0; nil makes each object a part.
func (o *Order) Timelines(events []uint32, other uint32, object []uint32, returns func(op uint32) bool, parts []int) Timelines {
	place := make([]uint32, len(object)) // twice that in the part
	t := Timelines{First: make([]uint32, o.Objects()+1)}
	base, part, entries := uint32(0), 0, uint32(0)
	for number := range o.Objects() {
		if parts == nil || part < len(parts) && parts[part] == number {
			base = o.First[number]
			part++
		}
		for at := o.First[number]; at < o.First[number+1]; at++ {
			op := o.Ops[at]
			place[op] = (at - base) << 1
			entries++
			if returns(op) {
				entries++
			}
		}
		t.First[number+1] = entries
	}
	t.Entries = make([]uint32, entries)
	next := append([]uint32(nil), t.First...)
	for _, event := range events {
		if event == other {
			continue
		}
		if to := object[event>>1]; to != None {
			t.Entries[next[to]] = place[event>>1] | event&1
			next[to]++
		}
	}
	return t
}
