package online

// Flips is one bit, off at first: an element of a set, or a lock. Operations
// flip it one way, or see where it stands.
//
// It waits as long as it can. When a flip returns that nothing was explained by
// yet, it takes effect, after one of the opposite kind if the bit already stands
// there; when an observation returns and the bit did not stand there since its
// call, one flip takes effect for it. Waiting is right because an open flip
// stays available until its return, and because flips done at one instant serve
// every observation that is open then. Which of the open flips it was is left
// to a [pool] for each kind. So the moments of the flips are the same whatever
// the open operations turn out to be, and there is an order as long as the
// demands for flips can be met.
type Flips struct {
	on int
	// left is when the bit last stood at each side and was flipped away, or 0.
	left  [2]int
	pools [2]pool
}

// Call notes that a flip to a side, 0 or 1, was called.
func (f *Flips) Call(side, call int) { f.pools[side].call(call) }

// Flipped takes the return of a flip to a side.
func (f *Flips) Flipped(side, call, now int) string {
	if !f.pools[side].claim(call) {
		if f.on == side && !f.spend(1-side, now) {
			return "but it was so already, and nothing had changed that"
		}
		f.flip(now)
	}
	f.settle()
	return None
}

// Undone takes a flip to a side that turned out to be none.
func (f *Flips) Undone(side, call int) string {
	f.pools[side].leave(call)
	if !f.pools[side].feasible() {
		return "so it changed nothing, but what others were answered needs that change"
	}
	f.settle()
	return None
}

// Retire takes a flip to a side the outcome of which is unknown.
func (f *Flips) Retire(side, call int) {
	f.pools[side].retire(call)
	f.settle()
}

// Saw takes the return of an observation of the bit at a side.
func (f *Flips) Saw(side, call, now int) string {
	if f.on != side && f.left[side] <= call && !f.spend(side, now) {
		return "but it was not so at any moment in between"
	}
	f.settle()
	return None
}

// spend flips the bit to a side by an open flip.
func (f *Flips) spend(side, now int) bool {
	if !f.pools[side].demand(1, now) {
		return false
	}
	f.flip(now)
	return true
}

func (f *Flips) flip(now int) {
	f.left[f.on] = now
	f.on = 1 - f.on
}

func (f *Flips) settle() {
	f.pools[0].settle()
	f.pools[1].settle()
}

// Idle says that the bit is as nothing was ever done to it, for all that is yet
// to be called.
func (f *Flips) Idle() bool {
	return f.on == 0 && f.pools[0].size() == 0 && f.pools[1].size() == 0
}

// Entries is how much it holds.
func (f *Flips) Entries() int { return 1 + f.pools[0].entries() + f.pools[1].entries() }
