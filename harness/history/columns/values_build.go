package columns

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

var errTooManyValues = errors.New("it holds more than 2^32 different values or parts of values")

// valuesBuilder adds to a dictionary of values.
type valuesBuilder struct {
	values *Values
	texts  *namesBuilder
	table  table
	// seed makes the hashes differ from run to run, so that nobody can choose
	// values that collide.
	seed uint64
}

func newValuesBuilder(values *Values) *valuesBuilder {
	b := &valuesBuilder{values: values, texts: newNamesBuilder(&values.texts), seed: maphash.Bytes(maphash.MakeSeed(), nil)}
	values.kinds = []ValueKind{Nil, False, True}
	values.words = []uint64{0, 0, 0}
	return b
}

// add returns the number of a value, which it gives it if it has none.
func (b *valuesBuilder) add(value any, depth int) (uint32, error) {
	if depth > history.MaxDepth {
		return 0, fmt.Errorf("its value nests deeper than %d", history.MaxDepth)
	}
	switch value := value.(type) {
	case nil:
		return 0, nil
	case bool:
		if value {
			return uint32(True), nil
		}
		return uint32(False), nil
	case int64:
		return b.scalar(Int, uint64(value))
	case float64:
		if value == 0 {
			value = 0 // minus zero equals zero, and so must have its number
		}
		return b.scalar(Float, math.Float64bits(value))
	case string:
		text, err := b.texts.add(value)
		if err != nil {
			return 0, err
		}
		return b.scalar(String, uint64(text))
	case []any:
		return b.list(value, depth)
	case map[string]any:
		return b.object(value, depth)
	}
	return 0, fmt.Errorf("its value holds a %T", value)
}

// scalar adds a value that is its kind and its word.
func (b *valuesBuilder) scalar(kind ValueKind, word uint64) (uint32, error) {
	v := b.values
	id, known := b.table.find(b.hashScalar(kind, word), uint32(len(v.kinds)),
		func(id uint32) bool { return v.kinds[id] == kind && v.words[id] == word },
		b.hashOf)
	if known {
		return id, nil
	}
	return id, b.append(kind, word)
}

func (b *valuesBuilder) append(kind ValueKind, word uint64) error {
	v := b.values
	if uint64(len(v.kinds)) >= math.MaxUint32-1 {
		return errTooManyValues
	}
	v.kinds = append(v.kinds, kind)
	v.words = append(v.words, word)
	return nil
}

func (b *valuesBuilder) list(elements []any, depth int) (uint32, error) {
	ids := make([]uint32, len(elements))
	for i, element := range elements {
		var err error
		if ids[i], err = b.add(element, depth+1); err != nil {
			return 0, err
		}
	}
	return b.whole(List, len(ids), ids)
}

func (b *valuesBuilder) object(members map[string]any, depth int) (uint32, error) {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	ids := make([]uint32, 0, 2*len(keys))
	for _, key := range keys {
		name, err := b.add(key, depth)
		if err != nil {
			return 0, err
		}
		member, err := b.add(members[key], depth+1)
		if err != nil {
			return 0, err
		}
		ids = append(ids, name, member)
	}
	return b.whole(Object, len(keys), ids)
}

// whole adds a list or an object of n elements or members.
func (b *valuesBuilder) whole(kind ValueKind, n int, ids []uint32) (uint32, error) {
	v := b.values
	id, known := b.table.find(b.hashParts(kind, ids), uint32(len(v.kinds)),
		func(id uint32) bool { return v.kinds[id] == kind && slices.Equal(v.partsOf(id), ids) },
		b.hashOf)
	if known {
		return id, nil
	}
	if uint64(len(v.parts))+uint64(len(ids)) >= math.MaxUint32 {
		return 0, errTooManyValues
	}
	start := uint64(len(v.parts))
	v.parts = append(append(v.parts, uint32(n)), ids...)
	return id, b.append(kind, start)
}

// partsOf returns the parts of a list or an object, without its length.
func (v *Values) partsOf(id uint32) []uint32 {
	if elements, ok := v.Elements(id); ok {
		return elements
	}
	members, _ := v.Members(id)
	return members
}

func (b *valuesBuilder) hashOf(id uint32) uint64 {
	switch kind := b.values.kinds[id]; kind {
	case List, Object:
		return b.hashParts(kind, b.values.partsOf(id))
	default:
		return b.hashScalar(kind, b.values.words[id])
	}
}

func (b *valuesBuilder) hashScalar(kind ValueKind, word uint64) uint64 {
	return mix(b.seed ^ uint64(kind) ^ mix(word))
}

func (b *valuesBuilder) hashParts(kind ValueKind, ids []uint32) uint64 {
	hash := b.seed ^ uint64(kind)
	for _, id := range ids {
		hash = mix(hash + uint64(id))
	}
	return hash
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
