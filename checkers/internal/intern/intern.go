// Package intern numbers the values of a history, so that checkers compare and
// index numbers.
package intern

import "math"

// Table gives equal values equal numbers, from 0, in the order in which they
// are first seen. A number that is whole is the same value as an integer and as
// a float, because JSON does not tell them apart. Make one with [New].
type Table struct {
	// dense has the numbers, plus one, of small integers, which is what
	// generators count in; others has those of all other values that can be
	// keys, and composed those of lists and maps, by a text that equal ones share.
	dense    []int32
	others   map[any]int32
	composed map[string]int32
	limit    int64
	values   []any
}

// New returns a table for about n values.
func New(n int) *Table {
	return &Table{others: make(map[any]int32), composed: make(map[string]int32), limit: 4*int64(n) + 1024}
}

// Len is how many values there are.
func (t *Table) Len() int { return len(t.values) }

// Value returns a value by its number.
func (t *Table) Value(id int32) any { return t.values[id] }

// ID numbers a value.
func (t *Table) ID(value any) int32 {
	switch v := value.(type) {
	case int64:
		return t.integer(v, value)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return t.integer(int64(v), int64(v))
		}
	case []any, map[string]any:
		text, ok := appendText(nil, value)
		if !ok {
			// No history holds such a value; it equals no other.
			return t.add(value)
		}
		if id, known := t.composed[string(text)]; known {
			return id
		}
		id := t.add(value)
		t.composed[string(text)] = id
		return id
	case nil, bool, string:
	default:
		return t.add(value)
	}
	return t.other(value)
}

func (t *Table) integer(v int64, value any) int32 {
	if v < 0 || v >= t.limit {
		return t.other(value)
	}
	if v >= int64(len(t.dense)) {
		grown := make([]int32, min(t.limit, max(1024, 2*v)))
		copy(grown, t.dense)
		t.dense = grown
	}
	if id := t.dense[v]; id != 0 {
		return id - 1
	}
	id := t.add(value)
	t.dense[v] = id + 1
	return id
}

func (t *Table) other(value any) int32 {
	if id, known := t.others[value]; known {
		return id
	}
	id := t.add(value)
	t.others[value] = id
	return id
}

func (t *Table) add(value any) int32 {
	t.values = append(t.values, value)
	return int32(len(t.values) - 1)
}
