package online

// Counter counts steps of one.
//
// It takes a step only when it must: when a step returns that nobody saw, or
// when a read returns that saw more. So at any moment it has taken no more steps
// than any other order, and those left over are open for longest. A read that
// saw fewer steps than were taken now is served if it saw no fewer than were
// taken at its call, because the count passed all numbers in between. Which of
// the open steps were taken is left to a [pool].
type Counter struct {
	taken int64
	steps pool
}

// Taken is how many steps have been taken for sure.
func (c *Counter) Taken() int64 { return c.taken }

// Call notes that a step was called.
func (c *Counter) Call(call int) { c.steps.call(call) }

// Stepped takes the return of a step.
func (c *Counter) Stepped(call int) string {
	if !c.steps.claim(call) {
		c.taken++
	}
	c.steps.settle()
	return None
}

// Undone takes a step that turned out to be none.
func (c *Counter) Undone(call int) string {
	c.steps.leave(call)
	if !c.steps.feasible() {
		return "so it did not count, but reads saw it"
	}
	c.steps.settle()
	return None
}

// Retire takes a step the outcome of which is unknown.
func (c *Counter) Retire(call int) {
	c.steps.retire(call)
	c.steps.settle()
}

// Read takes the return of a read that saw a number of steps. Taken was so many
// at its call.
func (c *Counter) Read(seen, atCall int64, now int) string {
	if seen < atCall {
		return "but more had been added before it began"
	}
	if seen > c.taken {
		// A comparison that cannot overflow, as both are at least 0.
		if seen-c.taken > int64(c.steps.size()) || !c.steps.demand(int(seen-c.taken), now) {
			return "but not so much can have been added"
		}
		c.taken = seen
	}
	c.steps.settle()
	return None
}

// Entries is how much it holds.
func (c *Counter) Entries() int { return 1 + c.steps.entries() }
