package longfork

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
)

// none is no value: what a key holds that was not written yet.
const none = -1

// read is a transaction that only read.
type read struct {
	op int32
	// values are those of the group's keys, in order, or none.
	values []int32
	// count is how many there are.
	count int
}

// group is the reads of a set of keys.
type group struct {
	keys  []int32
	reads []read
}

// key is what is known of a key.
type key struct {
	// value is the one that was written or read, or none; writes counts those
	// that did not fail.
	value  int32
	writes int
	// spoiled is true if it may have held more than one value.
	spoiled bool
}

// book has the transactions of a history. Keys and values are numbers in tables
// of their own.
type book struct {
	ops          []history.Operation
	names, table *intern.Table
	keys         []key
	groups       []*group
	byKeys       map[string]*group
	size         int
	doubts       []string
}

func newBook(ops []history.Operation, size int) *book {
	return &book{
		ops: ops, names: intern.New(len(ops)), table: intern.New(len(ops)), byKeys: make(map[string]*group), size: size,
	}
}

// micro is one read or write of a transaction.
type micro struct {
	write bool
	key   int32
	value any
}

// read takes in an operation.
func (b *book) read(at int32) {
	op := &b.ops[at]
	if op.F != "read" && op.F != "write" && op.F != "txn" && op.F != "" {
		return
	}
	if op.Outcome == history.Fail {
		return // it wrote nothing, and what it read nobody was told
	}
	asked, err := b.parse(op.Input)
	if op.Input == nil && op.F == "read" {
		err = nil
	}
	if err == nil {
		for _, m := range asked {
			if m.write {
				b.write(op, m)
			}
		}
		err = b.answer(at, asked)
	}
	if err != nil {
		b.doubts = append(b.doubts, fmt.Sprintf("the operation at event %d is no transaction: %v", op.Call, err))
	}
}

func (b *book) write(op *history.Operation, m micro) {
	k := &b.keys[m.key]
	k.writes++
	if k.writes > 1 {
		b.spoil(k, fmt.Sprintf("%s is written more than once, again at event %d; write each key once", b.name(m.key), op.Call))
		return
	}
	b.holds(k, m)
}

// holds notes that a key had a value.
func (b *book) holds(k *key, m micro) {
	value := b.table.ID(m.value)
	if k.value != none && k.value != value {
		b.spoil(k, fmt.Sprintf("%s held both %s and %s, but it is written once",
			b.name(m.key), words.Value(b.table.Value(k.value)), words.Value(m.value)))
		return
	}
	k.value = value
}

func (b *book) spoil(k *key, why string) {
	if !k.spoiled {
		b.doubts = append(b.doubts, why)
	}
	k.spoiled = true
}

// answer takes in what a transaction was answered, if it only read.
func (b *book) answer(at int32, asked []micro) error {
	op := &b.ops[at]
	writes := func(m micro) bool { return m.write }
	if op.Outcome != history.OK || slices.ContainsFunc(asked, writes) {
		return nil
	}
	told, err := b.parse(op.Output)
	if err != nil {
		return fmt.Errorf("its answer: %w", err)
	}
	if slices.ContainsFunc(told, writes) {
		return errors.New("it is answered with a write that was not asked for")
	}
	slices.SortStableFunc(told, func(x, y micro) int { return int(x.key) - int(y.key) })
	r := read{op: at}
	var keys []int32
	for i, m := range told {
		if i+1 < len(told) && told[i+1].key == m.key {
			continue // the last read of a key is the one that counts
		}
		keys, r.values = append(keys, m.key), append(r.values, none)
		if m.value != nil {
			b.holds(&b.keys[m.key], m)
			r.values[len(keys)-1] = b.table.ID(m.value)
			r.count++
		}
	}
	if b.size > 0 && len(keys) != b.size {
		return fmt.Errorf("it reads %d keys, and groups have %d", len(keys), b.size)
	}
	name := fmt.Sprint(keys)
	if b.byKeys[name] == nil {
		b.byKeys[name] = &group{keys: keys}
		b.groups = append(b.groups, b.byKeys[name])
	}
	b.byKeys[name].reads = append(b.byKeys[name].reads, r)
	return nil
}

// parse reads a transaction [[f key value] …].
func (b *book) parse(value any) ([]micro, error) {
	list, isList := value.([]any)
	if !isList || len(list) == 0 {
		return nil, errors.New("it is no list of [function key value]")
	}
	micros := make([]micro, 0, len(list))
	for _, element := range list {
		parts, isList := element.([]any)
		if !isList || len(parts) < 2 || len(parts) > 3 {
			return nil, errors.New("it holds something other than [function key value]")
		}
		m := micro{key: b.names.ID(parts[1])}
		for int(m.key) >= len(b.keys) {
			b.keys = append(b.keys, key{value: none})
		}
		if len(parts) == 3 {
			m.value = parts[2]
		}
		switch parts[0] {
		case "r", "read":
		case "w", "write", "append":
			m.write = true
		default:
			return nil, fmt.Errorf("%s is neither r nor w", words.Value(parts[0]))
		}
		micros = append(micros, m)
	}
	return micros, nil
}

// name is a key in words.
func (b *book) name(k int32) string {
	value := b.names.Value(k)
	if text, ok := value.(string); ok {
		return text
	}
	return words.Value(value)
}
