package transactional

import (
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// registers are the versions of the keys of rw-register. A transaction that read
// a version and then wrote the key made the version that follows it: under
// snapshots nothing comes between. So versions form chains, and if every write
// follows a read, they form one, from what the key held at first.
type registers struct {
	*transactions
	found    *findings
	accesses []access
	first    []uint32
	// unordered are the keys with chains of which the order is not known.
	unordered []choice
	// revealed are the transactions that were found to be shown by this part of
	// the keys, and edges the dependencies of each part.
	revealed []uint32
	edges    []*dependencies

	// What follows is for one part of the keys. stamp and position say which access of the key at hand wrote a value; the
	// key is the stamp less one.
	stamp, position []uint32
	// What follows is for one key at a time, by access: the first reader of a
	// version and the first write that follows it, and then the next of each.
	// The last entry is of the version that the key had at first.
	readers, nextReader []uint32
	writes, nextWrite   []uint32
	// seers, makers and heads are for one version at a time.
	seers, makers, heads []uint32
}

// What a read saw that no write of the key made.
const (
	// initially is what the key held at first.
	initially = none - 1
	// elsewhere is what nobody can have written.
	elsewhere = none - 2
)

func newRegisters(x *transactions, found *findings) (*registers, error) {
	g := &registers{transactions: x, found: found}
	g.accesses, g.first = byKey(x)
	err := g.inParts(func(part *registers, keys span) error {
		part.stamp, part.position = make([]uint32, x.values.Len()), make([]uint32, x.values.Len())
		for key := keys.from; key < keys.to; key++ {
			if err := part.match(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// inParts calls f with parts of the keys, at once, and takes together what was
// found.
func (g *registers) inParts(f func(part *registers, keys span) error) error {
	keys := spansOf(g.first, g.workers)
	parts, errs := make([]registers, len(keys)), make([]error, len(keys))
	atOnce(keys, func(i int, s span) {
		parts[i] = *g
		parts[i].found = newFindings(g.transactions)
		errs[i] = f(&parts[i], s)
	})
	for i := range parts {
		if errs[i] != nil {
			return errs[i]
		}
		g.found.merge(parts[i].found)
		g.unordered = append(g.unordered, parts[i].unordered...)
		g.edges = append(g.edges, parts[i].edges...)
		for _, t := range parts[i].revealed {
			g.status[t] = shown
		}
	}
	return nil
}

func (g *registers) of(key uint32) []access { return g.accesses[g.first[key]:g.first[key+1]] }

// match finds the write that each read of a key saw.
func (g *registers) match(key uint32) error {
	accesses := g.of(key)
	for i := range accesses {
		a := &accesses[i]
		if !a.write {
			continue
		}
		if g.stamp[a.value] == key+1 {
			return &duplicateError{key: key, value: a.value, first: accesses[g.position[a.value]].txn, second: a.txn}
		}
		g.stamp[a.value], g.position[a.value] = key+1, uint32(i)
	}
	start := g.start(key)
	for i := range accesses {
		a := &accesses[i]
		if a.write || a.at == none {
			continue
		}
		switch {
		case a.value == start:
			a.at = initially
		case g.stamp[a.value] != key+1:
			a.at = elsewhere
			g.found.garbage(key, a.value, func() uint32 { return a.txn })
		default:
			a.at = g.position[a.value]
			g.saw(key, uint32(i), accesses[a.at], a)
		}
	}
	return nil
}

// saw notes what is wrong with a read that saw a write.
func (g *registers) saw(key, reader uint32, write access, read *access) {
	if write.txn == read.txn {
		if read.at > reader {
			g.found.futureRead(key, read.value, read.txn)
		}
		return
	}
	switch g.status[write.txn] {
	case open:
		g.revealed = append(g.revealed, write.txn)
	case aborted:
		g.found.abortedRead(key, read.value, write.txn, func() uint32 { return read.txn })
		return
	}
	if write.draft {
		g.found.draftRead(key, read.value, write.txn, read.txn)
	}
}

// start returns what a key held at first: nil if that was ever read, and else
// the first value that was read and that nobody wrote. Histories need not begin
// with an empty system.
func (g *registers) start(key uint32) uint32 {
	start := uint32(0)
	for _, a := range g.of(key) {
		if a.write || a.at == none {
			continue
		}
		if a.value == 0 {
			return 0
		}
		if start == 0 && g.stamp[a.value] != key+1 {
			start = a.value
		}
	}
	return start
}

// depend returns the dependencies of all keys.
func (g *registers) depend() []*dependencies {
	// This finds no errors.
	_ = g.inParts(func(part *registers, keys span) error {
		d := newDependencies(g.len())
		micros := int(g.first[keys.to] - g.first[keys.from])
		d.Grow(2*micros + micros/4)
		for key := keys.from; key < keys.to; key++ {
			part.link(key)
			part.connect(d, key)
		}
		part.edges = []*dependencies{d}
		return nil
	})
	return g.edges
}

// link makes the lists of who read each version and who overwrote it.
func (g *registers) link(key uint32) {
	accesses := g.of(key)
	n := len(accesses) + 1
	for _, list := range []*[]uint32{&g.readers, &g.nextReader, &g.writes, &g.nextWrite} {
		*list = slices.Grow((*list)[:0], n)[:n]
		for i := range *list {
			(*list)[i] = none
		}
	}
	initial := uint32(n - 1)
	// From the last on, so that lists are in the order of the history.
	for i := len(accesses) - 1; i >= 0; i-- {
		a := &accesses[i]
		version := a.at
		if a.write {
			if version = g.predecessor(accesses, i); version == none {
				continue
			}
		}
		if version == none || version == elsewhere {
			continue
		}
		if version == initially {
			version = initial
		}
		if a.write {
			g.nextWrite[i], g.writes[version] = g.writes[version], uint32(i)
			continue
		}
		if next := g.readers[version]; next != none && accesses[next].txn == a.txn {
			continue // it says the same again
		}
		g.nextReader[i], g.readers[version] = g.readers[version], uint32(i)
	}
}

// predecessor returns the version that a write replaced, as its transaction had
// read it before it wrote, or none.
func (g *registers) predecessor(accesses []access, i int) uint32 {
	t := accesses[i].txn
	if accesses[i].draft || !g.present(t) {
		return none
	}
	first := i
	for first > 0 && accesses[first-1].txn == t {
		first--
	}
	a := &accesses[first]
	if a.write || a.at == none || a.at == elsewhere {
		return none
	}
	if a.at == initially {
		return a.at
	}
	if from := &accesses[a.at]; from.txn == t || from.draft || !g.present(from.txn) {
		return none
	}
	return a.at
}

// connect adds the dependencies of a key.
func (g *registers) connect(d *dependencies, key uint32) {
	accesses := g.of(key)
	initial := uint32(len(accesses))
	heads := g.heads[:0]
	for i := range accesses {
		a := &accesses[i]
		if !g.present(a.txn) || !a.write {
			continue
		}
		for reader := g.readers[i]; reader != none; reader = g.nextReader[reader] {
			d.Add(a.txn, accesses[reader].txn, wr)
		}
		if a.draft {
			continue
		}
		g.replaced(d, key, uint32(i), nil)
		if g.predecessor(accesses, i) == none {
			heads = append(heads, uint32(i))
		}
	}
	g.heads = heads
	g.replaced(d, key, initial, heads)
	first := g.last(initial)
	if first != none && first != initial {
		// Under snapshots nothing comes into the first chain.
		g.seers = txns(g.seers[:0], accesses, g.readers[first], g.nextReader)
		g.makers = written(g.makers[:0], accesses, heads)
		d.follow(g.seers, accesses[first].txn, g.makers)
	}
	if len(heads) > 1 {
		g.choose(key, heads)
	}
}

// follow adds that writers come after a version.
func (d *dependencies) follow(readers []uint32, writer uint32, later []uint32) {
	for _, t := range later {
		d.Add(writer, t, wx)
	}
	d.antidepend(readers, later)
}

// replaced adds that those who read a version did not see what replaced it: the
// writes that followed reads of it, and more.
func (g *registers) replaced(d *dependencies, key, version uint32, more []uint32) {
	if g.readers[version] == none {
		return // what follows a version was made by one of its readers
	}
	accesses := g.of(key)
	g.makers = txns(g.makers[:0], accesses, g.writes[version], g.nextWrite)
	for i := 1; i < len(g.makers); i++ {
		g.found.lostUpdate(key, g.makers[0], g.makers[i])
	}
	g.makers = written(g.makers, accesses, more)
	g.seers = txns(g.seers[:0], accesses, g.readers[version], g.nextReader)
	d.antidepend(g.seers, g.makers)
}

// txns appends the transactions of a list of accesses.
func txns(all []uint32, accesses []access, first uint32, next []uint32) []uint32 {
	for at := first; at != none; at = next[at] {
		all = append(all, accesses[at].txn)
	}
	return all
}

// written appends the transactions of some accesses.
func written(all []uint32, accesses []access, writes []uint32) []uint32 {
	for _, at := range writes {
		all = append(all, accesses[at].txn)
	}
	return all
}

// last returns the last version of the chain from a version on, or none if two
// writes replaced a version of it.
func (g *registers) last(version uint32) uint32 {
	for {
		next := g.writes[version]
		if next == none {
			return version
		}
		if g.nextWrite[next] != none {
			return none
		}
		version = next
	}
}

// choose notes that the order of chains of a key is not known.
func (g *registers) choose(key uint32, heads []uint32) {
	accesses := g.of(key)
	c := choice{key: key}
	for _, head := range heads {
		last := g.last(head)
		if last == none {
			last = head // an update is lost, whatever the order
		}
		c.blocks = append(c.blocks, block{
			head: accesses[head].txn, last: accesses[last].txn,
			readers: txns(nil, accesses, g.readers[last], g.nextReader),
		})
	}
	g.unordered = append(g.unordered, c)
}

// sessions says that nothing is known of guarantees for processes: they are
// about an order of versions that only stronger models make certain.
func (g *registers) sessions() bool { return false }

func (g *registers) choices() []choice { return g.unordered }

// why explains a dependency of rw-register.
func (g *registers) why(from, to uint32, kind digraph.Kind, first, second string) string {
	say := g.found.text
	// What the second transaction read, and what it left in each key.
	read, left := make(map[keyed]bool), make(map[uint32]uint32)
	for _, m := range g.body(to) {
		if !m.write {
			read[keyed{m.key, m.value}] = true
		} else if !m.draft {
			left[m.key] = m.value
		}
	}
	for _, m := range g.body(from) {
		key := say.key(m.key)
		value, wrote := left[m.key]
		switch {
		case kind == wr && m.write && read[keyed{m.key, m.value}]:
			return fmt.Sprintf("%s observed %s's write of %s to %s", second, first, say.value(m.value), key)
		case kind == rw && !m.write && m.seen != none && wrote && m.value != value:
			return fmt.Sprintf("%s read %s in %s and did not observe %s's write of %s", first, say.value(m.value), key, second, say.value(value))
		case kind == wx && m.write && !m.draft && wrote:
			return fmt.Sprintf("%s wrote %s to %s after %s's write of %s", second, say.value(value), key, first, say.value(m.value))
		}
	}
	return fmt.Sprintf("%s depends on %s", second, first)
}
