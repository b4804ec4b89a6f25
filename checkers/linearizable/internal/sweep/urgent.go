package sweep

// urgent is an operation by its return.
type urgent struct{ ret, op int32 }

func (a urgent) before(b urgent) bool { return a.ret < b.ret }

// urgents is a heap, the first to return on top.
type urgents []urgent

func (u *urgents) push(x urgent) {
	h := append(*u, x)
	at := len(h) - 1
	for at > 0 {
		parent := (at - 1) / 2
		if !x.before(h[parent]) {
			break
		}
		h[at], at = h[parent], parent
	}
	h[at] = x
	*u = h
}

// pop takes out the first to return; there must be one.
func (u *urgents) pop() urgent {
	h := *u
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*u = h
	if len(h) == 0 {
		return top
	}
	at := 0
	for child := 1; child < len(h); child = 2*at + 1 {
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(last) {
			break
		}
		h[at], at = h[child], child
	}
	h[at] = last
	return top
}
