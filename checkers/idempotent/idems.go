package idempotent

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"

	"github.com/tertium-dev/tertium/harness/history/columns"
)

// nearby finds requests of entries where they are most likely. Services put
// entries into their books in about the order in which requests arrive, which is
// the order of the numbers of idems; and one that is elsewhere has an id that the
// reply to its request told. So most are found by comparing a few names that lie
// side by side, and no index of all is made if all are.
type nearby struct {
	*ledgerColumns
	// last is the idem that was found last, or 0.
	last uint32
	// spared counts entries that were found, and spent those for which it was in
	// vain.
	spared, spent int
}

const (
	// ahead and behind are how many names are compared to either side.
	ahead, behind = 48, 32
	// patience is how often it may be in vain, beside one in four.
	patience = blockSize
)

// guess looks for the requests of a block of entries, and reports whether it
// found all. It does not try where it was in vain too often.
func (n *nearby) guess(block []lookup) bool {
	if n.spent > patience+n.spared/4 {
		return false
	}
	missing := 0
	for i := range block {
		b := &block[i]
		if b.idem = n.around(n.last, b.name); b.idem == 0 {
			b.idem = n.around(n.toldOf(b.fact.id), b.name)
		}
		if b.idem == 0 {
			missing++
		} else {
			n.last = b.idem
		}
	}
	if missing > 0 {
		// What nothing before it led to may be just before what was found.
		next := uint32(0)
		for i := range slices.Backward(block) {
			b := &block[i]
			if b.idem == 0 {
				if b.idem = n.around(next, b.name); b.idem != 0 {
					missing--
				}
			}
			next = b.idem
		}
	}
	n.spared, n.spent = n.spared+len(block)-missing, n.spent+missing
	return missing == 0
}

// around returns the number of a name that is near another one, or 0.
func (n *nearby) around(at uint32, name []byte) uint32 {
	if at == 0 {
		return 0
	}
	for id := at + 1; id < min(at+ahead, uint32(n.Idems.Len())); id++ {
		if n.Idems.At(id) == string(name) {
			return id
		}
	}
	for id := at; id > 0 && id+behind > at; id-- {
		if n.Idems.At(id) == string(name) {
			return id
		}
	}
	return 0
}

// toldOf returns the idem of an attempt whose reply told an id, or one near it,
// or 0. Ids are numbered as they come up in the history, and so are attempts, so
// that what replies told ascends but for those that were under way together.
func (n *nearby) toldOf(id ident) uint32 {
	low, high := 0, len(n.told)
	for low < high {
		middle := int(uint(low+high) / 2)
		at, end := middle, min(high, middle+ahead)
		for at < end && n.told[at] == noID {
			at++
		}
		switch {
		case at == end:
			high = middle
		case n.told[at] < id:
			low = at + 1
		default:
			high = middle
		}
	}
	if id == noID || low >= len(n.told) {
		return 0
	}
	return n.Idem[low]
}

// idemIndex finds the numbers of names by their hashes. It is made once somebody
// asks.
type idemIndex struct {
	names *columns.Names
	once  sync.Once
	seed  maphash.Seed
	// slots hold the number of a name, or 0, which is the empty one.
	slots []uint32
	shift int
}

func (x *idemIndex) make() {
	names := x.names
	size := bits.Len(uint(2 * names.Len()))
	x.seed, x.slots, x.shift = maphash.MakeSeed(), make([]uint32, 1<<size), 64-size
	var slots [blockSize]uint64
	for number := uint32(1); number < uint32(names.Len()); {
		n := uint32(min(blockSize, names.Len()-int(number)))
		for i := range n {
			slots[i] = x.slot(maphash.String(x.seed, names.At(number+i)))
		}
		for _, at := range slots[:n] {
			for x.slots[at] != 0 {
				at = (at + 1) & uint64(len(x.slots)-1)
			}
			x.slots[at] = number
			number++
		}
	}
}

// slot is where to begin to look. Hashes are spread once more: their high bits
// need not be as good as their low ones.
func (x *idemIndex) slot(hash uint64) uint64 { return hash * 0x9e3779b97f4a7c15 >> x.shift }

func (x *idemIndex) find(name []byte) (number uint32, known bool) {
	x.once.Do(x.make)
	return x.findFrom(x.slot(maphash.Bytes(x.seed, name)), name)
}

// findFrom is find for a name whose search begins at a slot.
func (x *idemIndex) findFrom(at uint64, name []byte) (number uint32, known bool) {
	for x.slots[at] != 0 {
		if number = x.slots[at]; x.names.At(number) == string(name) {
			return number, true
		}
		at = (at + 1) & uint64(len(x.slots)-1)
	}
	return 0, false
}

// look finds the requests of those entries of a block that have none yet.
func (x *idemIndex) look(block []lookup) {
	x.once.Do(x.make)
	var slots [blockSize]uint64
	var candidates [blockSize]uint32
	var found [blockSize]string
	for i := range block {
		slots[i] = x.slot(maphash.Bytes(x.seed, block[i].name))
	}
	for i := range block {
		candidates[i] = x.slots[slots[i]]
	}
	for i := range block {
		found[i] = x.names.At(candidates[i])
	}
	for i := range block {
		b := &block[i]
		switch {
		case b.idem != 0:
		case found[i] == string(b.name): // as a rule
			b.idem = candidates[i]
		default:
			b.idem, _ = x.findFrom(slots[i], b.name)
		}
	}
}
