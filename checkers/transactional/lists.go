package transactional

import "slices"

// lists are the versions of the keys of list-append. The longest list that was
// read of a key says in which order its elements were appended, and every other
// list must be a beginning of it. Version i of a key is the list of its first i
// elements.
type lists struct {
	*transactions
	found    *findings
	accesses []access
	first    []uint32
	// longest is the list of each key, cut to what all reads agree on.
	longest []listed
	// writers[base[k]+i] appended element i of key k; none, if nobody did.
	// drafts are elements that their own transactions appended more to.
	writers []uint32
	drafts  []bool
	base    []uint32
	// unordered are the keys with several writes that nobody saw.
	unordered []choice

	// revealed are the transactions that were found to be shown by this part of
	// the keys.
	revealed []uint32
	// edges are the dependencies of each part.
	edges []*dependencies

	// What follows is for one part of the keys. stamp and position say where a value is in the list of the key at hand,
	// which is the stamp less one. Of values that were appended but not read,
	// position is the access with unread set.
	stamp, position []uint32
	// previous, next, updated and run are for one key at a time.
	previous, next []uint32
	updated        []uint32
	// places are, of the keys that had to be explained, where elements are.
	places map[uint32]map[uint32]uint32
}

// listed is the beginning of a list that was read.
type listed struct{ value, length uint32 }

const (
	unread = 1 << 31
	// disordered is the version that a write made which was seen, but in lists
	// that contradict each other.
	disordered = none - 1
)

// newLists finds the versions of all keys and the transactions that they show,
// or returns an error if two writes cannot be told apart.
func newLists(x *transactions, found *findings) (*lists, error) {
	l := &lists{
		transactions: x, found: found,
		longest: make([]listed, len(x.keys)),
		base:    make([]uint32, len(x.keys)+1),
	}
	l.accesses, l.first = byKey(x)
	// This finds no errors.
	_ = l.inParts(func(part *lists, keys span) error {
		for key := keys.from; key < keys.to; key++ {
			part.agree(key)
		}
		return nil
	})
	for key := range l.longest {
		l.base[key+1] = l.base[key] + l.longest[key].length
	}
	l.writers = slices.Repeat([]uint32{none}, int(l.base[len(l.longest)]))
	l.drafts = make([]bool, len(l.writers))
	err := l.inParts(func(part *lists, keys span) error {
		part.stamp, part.position = make([]uint32, x.values.Len()), make([]uint32, x.values.Len())
		for key := keys.from; key < keys.to; key++ {
			if err := part.order(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// inParts calls f with parts of the keys, at once, and takes together what was
// found.
func (l *lists) inParts(f func(part *lists, keys span) error) error {
	keys := spansOf(l.first, l.workers)
	parts, errs := make([]lists, len(keys)), make([]error, len(keys))
	atOnce(keys, func(i int, s span) {
		parts[i] = *l
		parts[i].found = newFindings(l.transactions)
		errs[i] = f(&parts[i], s)
	})
	for i := range parts {
		if errs[i] != nil {
			return errs[i]
		}
		l.found.merge(parts[i].found)
		l.unordered = append(l.unordered, parts[i].unordered...)
		for _, t := range parts[i].revealed {
			l.status[t] = shown
		}
		l.edges = append(l.edges, parts[i].edges...)
	}
	return nil
}

func (l *lists) of(key uint32) []access { return l.accesses[l.first[key]:l.first[key+1]] }

// list is the longest list of a key.
func (l *lists) list(key uint32) []uint32 {
	return l.elements(l.longest[key].value)[:l.longest[key].length]
}

// order finds which transaction made each version of a key.
func (l *lists) order(key uint32) error {
	accesses := l.of(key)
	agreed := l.longest[key].length
	list := l.list(key)
	for i, element := range list {
		if l.stamp[element] == key+1 {
			l.found.twice(key, element, func() uint32 { return l.longestReader(key) })
			continue
		}
		l.stamp[element], l.position[element] = key+1, uint32(i)
	}
	if err := l.place(key); err != nil {
		return err
	}
	for i := range accesses {
		a := &accesses[i]
		if a.write || a.at == none {
			continue
		}
		whole := l.elements(a.value)
		for _, own := range whole[a.at:] {
			if l.stamp[own] == key+1 && l.position[own] < min(a.at, agreed) {
				l.found.twice(key, own, func() uint32 { return a.txn })
			}
		}
		if a.at > agreed {
			l.disputed(key, a, whole[agreed:a.at])
		}
	}
	for i, element := range list {
		if l.position[element] != uint32(i) {
			continue // the second of two
		}
		switch writer := l.writers[l.base[key]+uint32(i)]; {
		case writer == none:
			l.found.garbage(key, element, func() uint32 { return l.reader(key, element) })
		case l.status[writer] == aborted:
			l.found.abortedRead(key, element, writer, func() uint32 { return l.reader(key, element) })
		}
	}
	return nil
}

// longestReader returns a transaction that read the longest list of a key.
func (l *lists) longestReader(key uint32) uint32 {
	accesses := l.of(key)
	at := slices.IndexFunc(accesses, func(a access) bool {
		return !a.write && a.value == l.longest[key].value && a.at != none
	})
	return accesses[at].txn
}

// agree finds the longest list that was read of a key, as far as all reads agree
// on it.
func (l *lists) agree(key uint32) {
	accesses := l.of(key)
	longest := &l.longest[key]
	for i := range accesses {
		a := &accesses[i]
		if !a.write && a.at != none && a.at > longest.length {
			*longest = listed{a.value, a.at}
		}
	}
	list := l.list(key)
	agreed := longest.length
	for i := range accesses {
		a := &accesses[i]
		if a.write || a.at == none || a.value == longest.value {
			continue
		}
		other := l.elements(a.value)[:a.at]
		if slices.Equal(other, list[:a.at]) {
			continue
		}
		same := uint32(0)
		for other[same] == list[same] {
			same++
		}
		l.found.incompatible(l, key, a)
		agreed = min(agreed, same)
	}
	longest.length = agreed
}

// place finds the version that each write of a key made, and which writes were
// shown by reads.
func (l *lists) place(key uint32) error {
	accesses := l.of(key)
	for i := range accesses {
		a := &accesses[i]
		if !a.write {
			continue
		}
		if l.stamp[a.value] != key+1 {
			l.stamp[a.value], l.position[a.value] = key+1, unread|uint32(i)
			a.at = none
			continue
		}
		at := l.position[a.value]
		if at&unread != 0 {
			return &duplicateError{key: key, value: a.value, first: accesses[at&^unread].txn, second: a.txn}
		}
		writer := &l.writers[l.base[key]+at]
		if *writer != none {
			return &duplicateError{key: key, value: a.value, first: *writer, second: a.txn}
		}
		*writer = a.txn
		l.drafts[l.base[key]+at] = a.draft
		a.at = at + 1
		l.show(a.txn)
	}
	return nil
}

// show takes in that something was seen that a transaction wrote.
func (l *lists) show(t uint32) {
	if l.status[t] == open {
		l.revealed = append(l.revealed, t)
	}
}

// disputed looks at what a read saw beyond what all reads agree on. The order
// of that means nothing, but whose it is does.
func (l *lists) disputed(key uint32, read *access, elements []uint32) {
	for _, element := range elements {
		if l.stamp[element] != key+1 {
			l.found.garbage(key, element, func() uint32 { return read.txn })
			continue
		}
		at := l.position[element]
		if at&unread == 0 {
			continue // it is in what they agree on too
		}
		write := &l.of(key)[at&^unread]
		write.at = disordered
		l.show(write.txn)
		if l.status[write.txn] == aborted {
			l.found.abortedRead(key, element, write.txn, func() uint32 { return read.txn })
		}
	}
}

// reader returns the first transaction that read an element of a key.
func (l *lists) reader(key, element uint32) uint32 {
	for _, a := range l.of(key) {
		if !a.write && a.at != none && a.at > l.position[element] {
			return a.txn
		}
	}
	return none
}

// depend returns the dependencies of all keys, and notes what is wrong with the
// versions themselves. By now it is known which transactions count.
func (l *lists) depend() []*dependencies {
	// This finds no errors.
	_ = l.inParts(func(part *lists, keys span) error {
		d := newDependencies(l.len())
		micros := int(l.first[keys.to] - l.first[keys.from])
		d.Grow(2*micros + micros/4)
		for key := keys.from; key < keys.to; key++ {
			part.neighbours(key)
			last := part.chain(d, key)
			part.read(d, key, last)
		}
		part.edges = []*dependencies{d}
		return nil
	})
	return l.edges
}

// neighbours finds, for each version of a key, the writer of its last element,
// and of the element that comes next, among those that count.
func (l *lists) neighbours(key uint32) {
	writers := l.writers[l.base[key]:l.base[key+1]]
	n := len(writers) + 1
	l.previous = slices.Grow(l.previous[:0], n)[:n]
	l.next = slices.Grow(l.next[:0], n)[:n]
	l.updated = slices.Grow(l.updated[:0], n)[:n]
	before, behind := uint32(none), uint32(none)
	for i := range n {
		if i > 0 && l.present(writers[i-1]) {
			before = writers[i-1]
		}
		l.previous[i] = before
		l.updated[i] = none
	}
	for i := n - 1; i >= 0; i-- {
		if i < len(writers) && l.present(writers[i]) {
			behind = writers[i]
		}
		l.next[i] = behind
	}
}

func (x *transactions) present(t uint32) bool { return t != none && x.status[t].counts() }

// chain adds that the writers of a key follow each other, and returns the last.
func (l *lists) chain(d *dependencies, key uint32) (last uint32) {
	writers := l.writers[l.base[key]:l.base[key+1]]
	for i, writer := range writers {
		before := l.previous[i]
		if !l.present(writer) {
			continue
		}
		if before != none {
			d.Add(before, writer, ww)
		}
		if i > 0 && writers[i-1] != none && l.status[writers[i-1]] == aborted {
			l.found.dirtyUpdate(key, l.list(key)[i-1], writers[i-1], writer)
		}
	}
	return l.previous[len(writers)]
}

// read adds what follows from the reads of a key, and from the writes that
// nobody saw: they come after all that was seen.
func (l *lists) read(d *dependencies, key, last uint32) {
	var readers, unseen []uint32
	accesses := l.of(key)
	for len(accesses) > 0 {
		t := accesses[0].txn
		n := 1
		for n < len(accesses) && accesses[n].txn == t {
			n++
		}
		if l.present(t) {
			full, lone := l.together(d, key, accesses[:n])
			if full {
				readers = append(readers, t)
			}
			if lone {
				unseen = append(unseen, t)
				if last != none {
					d.Add(last, t, ww)
				}
			}
		}
		accesses = accesses[n:]
	}
	d.antidepend(readers, unseen)
	if len(unseen) > 1 {
		c := choice{key: key}
		for _, t := range unseen {
			c.blocks = append(c.blocks, block{head: t, last: t})
		}
		l.unordered = append(l.unordered, c)
	}
}

func (l *lists) choices() []choice { return l.unordered }

// together adds what follows from what one transaction did with a key, and says
// whether it read all that was ever seen of the list, and whether it wrote what
// nobody saw.
func (l *lists) together(d *dependencies, key uint32, accesses []access) (full, lone bool) {
	t := accesses[0].txn
	saw, most, wrote := uint32(none), uint32(0), uint32(0)
	for i := range accesses {
		a := &accesses[i]
		if a.write {
			if a.at != disordered {
				if a.at < wrote {
					l.found.outOfOrder(key, a.value, t)
				}
				wrote = a.at
			}
			wrote = max(wrote, 1)
			lone = lone || a.at == none
			if a.at <= most {
				l.found.futureRead(key, a.value, t)
			}
			continue
		}
		if a.at >= uint32(len(l.previous)) {
			continue // it tells nothing new, or what others dispute
		}
		if saw == none {
			saw = a.at
		}
		most = max(most, a.at)
		full = l.seen(d, key, t, a.at) == none || full
	}
	if wrote != 0 && saw != none {
		l.update(key, t, saw)
	}
	return full, lone
}

// seen adds what follows from a transaction having seen a version, and returns
// the writer of the next.
func (l *lists) seen(d *dependencies, key, t, version uint32) (next uint32) {
	if before := l.previous[version]; before != none {
		d.Add(before, t, wr)
	}
	next = l.next[version]
	if next != none {
		d.Add(t, next, rw)
	}
	if version == 0 {
		return next
	}
	at := l.base[key] + version - 1
	if writer := l.writers[at]; l.drafts[at] && writer != t && l.present(writer) {
		l.found.draftRead(key, l.list(key)[version-1], writer, t)
	}
	return next
}

// update notes that a transaction read a version and wrote the key.
func (l *lists) update(key, t, version uint32) {
	switch other := l.updated[version]; other {
	case none:
		l.updated[version] = t
	case t:
	default:
		l.found.lostUpdate(key, other, t)
	}
}
