package columns

import (
	"errors"
	"hash/maphash"
	"math"
	"unsafe"
)

// Names is a dictionary of strings, numbered from 0 without gaps. Number 0 is
// always the empty string. It costs the text and four bytes a name.
type Names struct {
	text []byte
	// ends[i] is where name i ends in the text, and name i+1 begins.
	ends []uint32
}

// Len is how many names there are.
func (n *Names) Len() int { return len(n.ends) }

// At returns a name, which takes no memory of its own. It panics if there is no
// such number.
func (n *Names) At(id uint32) string {
	// Text is only ever added to, so that what was there stays as it is.
	name := n.bytes(id)
	return unsafe.String(unsafe.SliceData(name), len(name))
}

func (n *Names) bytes(id uint32) []byte {
	start := uint32(0)
	if id > 0 {
		start = n.ends[id-1]
	}
	return n.text[start:n.ends[id]]
}

// Find returns the number of a name. It looks at all of them, so that it is
// meant for the few functions of a workload.
func (n *Names) Find(name string) (id uint32, ok bool) {
	for id := range uint32(len(n.ends)) {
		if string(n.bytes(id)) == name {
			return id, true
		}
	}
	return 0, false
}

var errTooMuchText = errors.New("its names take more than 4 GiB together")

// namesBuilder adds to a dictionary.
type namesBuilder struct {
	names *Names
	table table
	seed  maphash.Seed
}

func newNamesBuilder(names *Names) *namesBuilder {
	b := &namesBuilder{names: names, seed: maphash.MakeSeed()}
	b.names.ends = append(b.names.ends, 0)
	return b
}

// add returns the number of a name, which it gives it if it has none.
func (b *namesBuilder) add(name string) (uint32, error) {
	if name == "" {
		return 0, nil
	}
	n := b.names
	id, known := b.table.find(maphash.String(b.seed, name), uint32(len(n.ends)),
		func(id uint32) bool { return string(n.bytes(id)) == name },
		func(id uint32) uint64 { return maphash.Bytes(b.seed, n.bytes(id)) })
	if known {
		return id, nil
	}
	if uint64(len(n.text))+uint64(len(name)) > math.MaxUint32 {
		return 0, errTooMuchText
	}
	n.text = append(n.text, name...)
	n.ends = append(n.ends, uint32(len(n.text)))
	return id, nil
}
