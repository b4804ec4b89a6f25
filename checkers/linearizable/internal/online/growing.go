package online

import "slices"

// Growing is a set that is only added to, every element once, and read whole.
//
// Reads of it contain each other. There is an order exactly if besides that,
// each element of a read had been called before the read returned, and no
// element that a read has not was shown before the read was called, or before an
// element that it has was called. Shown is the first return that showed an
// element: of its addition, or of a read.
//
// What was shown before the calls of all open reads is in all reads to come. So
// are the elements of each read that lacks such an element, as one that contains
// that read has. All of these are settled: they are held as the set itself, and
// counted. The others are in levels: an element is in that of the smallest read
// that has it. A read comes between two others if it has all of the levels up to
// some, a part of the next, which it splits, and nothing of those behind.
type Growing[V comparable] struct {
	open     window
	elements map[V]*element
	settled  int
	levels   []*level
	// recent are the elements shown and not settled, by when they were; some were
	// settled since.
	recent []*element
}

type element struct {
	call, shown   int
	seen, settled bool
	level         *level
	// stamp is the last read that has it.
	stamp int
}

// level is the elements of a read that the next smaller one has not.
type level struct {
	elements []*element
	hits     int
}

// NewGrowing returns an empty set.
func NewGrowing[V comparable]() *Growing[V] {
	return &Growing[V]{elements: make(map[V]*element)}
}

// Add notes that an addition was called, and says false, and notes nothing, if
// there is another one of that element.
func (g *Growing[V]) Add(v V, call int) (fresh bool) {
	if _, known := g.elements[v]; known {
		return false
	}
	g.elements[v] = &element{call: call, shown: Never, stamp: -1}
	return true
}

// Added takes the return of an addition.
func (g *Growing[V]) Added(v V, now int) {
	if e := g.elements[v]; !e.seen {
		e.shown = now
		g.recent = append(g.recent, e)
	}
	g.settle()
}

// Undone takes the return of an addition that turned out to be none.
func (g *Growing[V]) Undone(v V) string {
	if g.elements[v].seen {
		return "so it was not there, but others saw it"
	}
	delete(g.elements, v)
	return None
}

// Call notes that a read was called.
func (g *Growing[V]) Call(call int) { g.open.call(call) }

// Leave takes the return of a read that saw nothing.
func (g *Growing[V]) Leave(call int) {
	g.open.leave(call)
	g.settle()
}

// Read takes the return of a read that saw some elements, each once.
func (g *Growing[V]) Read(all []V, call, now int) string {
	g.open.leave(call)
	settled, since := 0, call
	var some, fresh []*element
	for _, v := range all {
		e := g.elements[v]
		if e == nil {
			return "but nobody had added one of them"
		}
		e.stamp = now
		since = max(since, e.call)
		switch {
		case e.settled:
			settled++
		case e.level != nil:
			e.level.hits++
			some = append(some, e)
		default:
			fresh = append(fresh, e)
		}
	}
	if settled < g.settled {
		return "but more had been there before it began"
	}
	for _, e := range g.recent {
		if e.shown > since {
			break
		}
		if e.stamp != now && !e.settled {
			return "but one was there before it began, or before one that it has"
		}
	}
	if !g.fit(some, len(fresh) > 0) {
		return "but another read has not all of them, and others"
	}
	if len(fresh) > 0 {
		top := &level{elements: fresh}
		for _, e := range fresh {
			e.level, e.seen = top, true
			if e.shown == Never {
				e.shown = now
				g.recent = append(g.recent, e)
			}
		}
		g.levels = append(g.levels, top)
	}
	g.settle()
	return None
}

// fit puts a read between those before. It has some elements that others have
// too, and maybe more. It says false if it cannot be done.
func (g *Growing[V]) fit(some []*element, more bool) bool {
	for i, l := range g.levels {
		hits := l.hits
		l.hits = 0
		if hits == len(l.elements) {
			continue
		}
		for _, behind := range g.levels[i+1:] {
			if behind.hits > 0 {
				return false
			}
		}
		if more {
			return false
		}
		if hits > 0 {
			part := &level{}
			for _, e := range some {
				if e.level == l {
					e.level = part
					part.elements = append(part.elements, e)
				}
			}
			l.elements = slices.DeleteFunc(l.elements, func(e *element) bool { return e.level == part })
			g.levels = slices.Insert(g.levels, i, part)
		}
		return true
	}
	return true
}

// settle counts what all reads to come have.
func (g *Growing[V]) settle() {
	oldest := g.open.oldest()
	done := 0
	below := 0 // the levels below this are settled
	for ; done < len(g.recent) && g.recent[done].shown < oldest; done++ {
		e := g.recent[done]
		switch {
		case e.settled:
			continue
		case e.level == nil:
			below = len(g.levels)
		default:
			below = max(below, slices.Index(g.levels, e.level))
			e.level.elements = slices.DeleteFunc(e.level.elements, func(x *element) bool { return x == e })
		}
		g.count(e)
	}
	if done == 0 {
		return
	}
	g.recent = slices.Delete(g.recent, 0, done)
	for _, l := range g.levels[:below] {
		for _, e := range l.elements {
			g.count(e)
		}
		l.elements = nil
	}
	g.levels = slices.DeleteFunc(g.levels, func(l *level) bool { return len(l.elements) == 0 })
}

// count settles an element.
func (g *Growing[V]) count(e *element) {
	e.settled, e.seen, e.level = true, e.seen || e.level != nil, nil
	g.settled++
}

// Entries is how much it holds.
func (g *Growing[V]) Entries() int {
	return len(g.elements) + len(g.recent) + len(g.levels) + len(g.open.calls)
}
