package sweep

// Core returns the operations, ascending, on the values that some operations
// are on, and on those that they came from by compare-and-set. A legal order of
// all stays one if the others are left out: a value that is there longer is in
// nobody's way. So if the core has no order, the history has none.
func (h *Registers) Core(witness []int) []int {
	from := make([]int32, len(h.KeyOf))
	for v := range from {
		from[v] = none
	}
	for i := range h.Ops {
		if op := &h.Ops[i]; op.Kind == RegisterCAS {
			from[op.Value] = op.Old
		}
	}
	in := make([]bool, len(h.KeyOf))
	for _, op := range witness {
		for v := h.Ops[op].Value; v != none && !in[v]; v = from[v] {
			in[v] = true
		}
	}
	var core []int
	for i := range h.Ops {
		if op := &h.Ops[i]; in[op.Value] && op.Kind != RegisterNot {
			core = append(core, i)
		}
	}
	return core
}

// Core returns the operations, ascending, on the values that some operations
// are on, those of them that found nothing, and the optional takes. A legal
// order of all stays one if the others are left out, along with optional takes
// of their values.
func (h *Ends) Core(witness []int) []int {
	in := make([]bool, h.Values)
	empty := map[int]bool{}
	for _, op := range witness {
		switch h.Ops[op].Kind {
		case Put, Take:
			in[h.Ops[op].Value] = true
		case Empty:
			empty[op] = true
		}
	}
	var core []int
	for i, op := range h.Ops {
		if op.Kind == MaybeTake || op.Kind == Empty && empty[i] || op.Kind <= Take && in[op.Value] {
			core = append(core, i)
		}
	}
	return core
}
