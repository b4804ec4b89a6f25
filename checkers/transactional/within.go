package transactional

import "slices"

// within looks at each transaction by itself: it finds reads that contradict
// what the transaction had read or written before, marks drafts, and says of
// each read what it tells of others.
type within struct {
	*transactions
	// latest and latestWrite are the last micro-operation, and the last write,
	// of each key, plus one. They are of the transaction at hand if they are
	// greater than its first.
	latest, latestWrite []uint32
	// before is, for each micro-operation of the transaction at hand, the one of
	// the same key before it, plus one, or 0.
	before []uint32
	// own are the writes from ownFrom to ownTo, looked up only when something
	// is wrong.
	own            map[keyed]bool
	ownFrom, ownTo uint32
}

type keyed struct{ key, value uint32 }

// lookWithin returns the reads that contradict their own transactions.
func lookWithin(x *transactions) []contradiction {
	found := make([][]contradiction, x.workers)
	atOnce(spans(x.len(), x.workers), func(i int, s span) {
		w := within{transactions: x, latest: make([]uint32, len(x.keys)), latestWrite: make([]uint32, len(x.keys))}
		for t := s.from; t < s.to; t++ {
			found[i] = w.look(found[i], t)
		}
	})
	return slices.Concat(found...)
}

// look appends the reads of a transaction that contradict it.
func (w *within) look(found []contradiction, t uint32) []contradiction {
	start, end := w.first[t], w.first[t+1]
	w.before = slices.Grow(w.before[:0], int(end-start))[:end-start]
	for at := start; at < end; at++ {
		m := &w.micros[at]
		before := w.latest[m.key]
		if before <= start {
			before = 0
		}
		w.before[at-start] = before
		w.latest[m.key] = at + 1
		if m.write {
			if draft := w.latestWrite[m.key]; draft > start {
				w.micros[draft-1].draft = true
			}
			w.latestWrite[m.key] = at + 1
			continue
		}
		if !w.read(start, at) {
			found = append(found, contradiction{t, at})
		}
	}
	return found
}

// contradiction is a read, by its number, that contradicts its transaction.
type contradiction struct {
	txn, micro uint32
}

// repeatedElement returns an element that a list holds twice, or none.
func repeatedElement(list []uint32) uint32 {
	met := make(map[uint32]bool, len(list))
	for _, element := range list {
		if met[element] {
			return element
		}
		met[element] = true
	}
	return none
}

// read sets what a read tells of others, and says whether it fits what its
// transaction knew.
func (w *within) read(start, at uint32) bool {
	if w.workload == ListAppend {
		return w.readList(start, at)
	}
	m := &w.micros[at]
	before := w.before[at-start]
	m.seen = m.value
	if before == 0 {
		return true
	}
	if m.value != w.micros[before-1].value {
		return false
	}
	m.seen = none
	return true
}

// readList does so for a list. What the transaction itself had appended must be
// the end of it, after whatever it had read, or after anything.
func (w *within) readList(start, at uint32) bool {
	m := &w.micros[at]
	list := w.elements(m.value)
	rest := len(list)
	before := w.before[at-start]
	for before != 0 && w.micros[before-1].write {
		if rest == 0 || list[rest-1] != w.micros[before-1].value {
			m.seen = w.foreign(start, at, list)
			return false
		}
		rest--
		before = w.before[before-1-start]
	}
	m.seen = uint32(rest)
	if before == 0 {
		return true
	}
	known := w.micros[before-1].value
	if rest == len(list) && known == m.value || slices.Equal(list[:rest], w.elements(known)) {
		m.seen = none
		return true
	}
	m.seen = w.foreign(start, at, list)
	return false
}

// foreign returns how much of a list is left without the elements at its end
// that the reading transaction had appended itself: it could see those whatever
// others saw.
func (w *within) foreign(start, at uint32, list []uint32) uint32 {
	if w.ownFrom != start || w.own == nil {
		w.own, w.ownFrom, w.ownTo = make(map[keyed]bool), start, start
	}
	for ; w.ownTo < at; w.ownTo++ {
		if m := w.micros[w.ownTo]; m.write {
			w.own[keyed{m.key, m.value}] = true
		}
	}
	rest := len(list)
	for rest > 0 && w.own[keyed{w.micros[at].key, list[rest-1]}] {
		rest--
	}
	return uint32(rest)
}
