package columns

import "math/bits"

// table finds the number of something by its hash. It holds numbers only, and
// asks its owner what they stand for: four bytes an entry, filled at most to
// two thirds.
type table struct {
	// slots hold a number plus one; 0 is free.
	slots []uint32
	used  int
}

// find returns the number of the thing with this hash that is the same as the
// one looked for, or the number next after storing it under that.
func (t *table) find(hash uint64, next uint32, same func(id uint32) bool, hashOf func(id uint32) uint64) (id uint32, known bool) {
	if 3*t.used >= 2*len(t.slots) {
		t.grow(hashOf)
	}
	slot := t.slot(hash)
	for t.slots[slot] != 0 {
		if id := t.slots[slot] - 1; same(id) {
			return id, true
		}
		slot = (slot + 1) & uint64(len(t.slots)-1)
	}
	t.slots[slot] = next + 1
	t.used++
	return next, false
}

func (t *table) slot(hash uint64) uint64 {
	// Fibonacci hashing spreads hashes that differ in few bits.
	return (hash * 0x9e3779b97f4a7c15) >> (64 - bits.Len(uint(len(t.slots)-1)))
}

func (t *table) grow(hashOf func(id uint32) uint64) {
	old := t.slots
	t.slots = make([]uint32, max(64, 2*len(old)))
	for _, entry := range old {
		if entry == 0 {
			continue
		}
		slot := t.slot(hashOf(entry - 1))
		for t.slots[slot] != 0 {
			slot = (slot + 1) & uint64(len(t.slots)-1)
		}
		t.slots[slot] = entry
	}
}
