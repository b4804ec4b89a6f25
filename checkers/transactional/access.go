package transactional

// access is a micro-operation among those of its key.
type access struct {
	txn uint32
	// value is what was written or read.
	value uint32
	// at is, of a write, the version that it made; of a read, that which it saw,
	// or none if it tells nothing new.
	at           uint32
	write, draft bool
}

// byKey sorts the micro-operations by key, those of a key in the order of their
// transactions. Key k has accesses[first[k]:first[k+1]].
func byKey(x *transactions) (accesses []access, first []uint32) {
	first = make([]uint32, len(x.keys)+2)
	for i := range x.micros {
		first[x.micros[i].key+2]++
	}
	for k := 2; k < len(first); k++ {
		first[k] += first[k-1]
	}
	accesses = make([]access, len(x.micros))
	for t := range uint32(x.len()) {
		for i := x.first[t]; i < x.first[t+1]; i++ {
			m := &x.micros[i]
			at := &first[m.key+1]
			accesses[*at] = access{txn: t, value: m.value, at: m.seen, write: m.write, draft: m.draft}
			*at++
		}
	}
	return accesses, first[:len(x.keys)+1]
}
