package columns

import "math"

// ValueKind says of what type a value is.
type ValueKind uint8

// The types of values.
const (
	Nil ValueKind = iota
	False
	True
	Int
	Float
	String
	List
	Object
)

// Values is a dictionary of values, numbered from 0 without gaps. Number 0 is
// always nil. Equal values, and no others, have equal numbers, those inside of
// lists and objects too; so checkers compare numbers and never values. A part
// always has a smaller number than its whole.
type Values struct {
	kinds []ValueKind
	// words say which value of its kind it is: the bits of a number, a number
	// in texts, or where its parts begin.
	words []uint64
	// parts hold, for a list, its length and the numbers of its elements; for an
	// object, its length and the numbers of its keys and members by turns.
	parts []uint32
	texts Names
}

// Len is how many values there are.
func (v *Values) Len() int { return len(v.kinds) }

// Kind returns the type of a value. It panics, as all methods do, if there is
// no such number.
func (v *Values) Kind(id uint32) ValueKind { return v.kinds[id] }

// Int returns a value that is an int64, and whether it is one.
func (v *Values) Int(id uint32) (int64, bool) {
	return int64(v.words[id]), v.kinds[id] == Int
}

// Text returns a value that is a string, and whether it is one.
func (v *Values) Text(id uint32) (string, bool) {
	if v.kinds[id] != String {
		return "", false
	}
	return v.texts.At(uint32(v.words[id])), true
}

// Elements returns the numbers of the elements of a list, and whether it is
// one. They must not be changed.
func (v *Values) Elements(id uint32) ([]uint32, bool) {
	if v.kinds[id] != List {
		return nil, false
	}
	start := v.words[id] + 1
	return v.parts[start : start+uint64(v.parts[start-1])], true
}

// Members returns the numbers of the keys and members of an object, by turns
// and in the order of the keys, and whether it is one. They must not be
// changed.
func (v *Values) Members(id uint32) ([]uint32, bool) {
	if v.kinds[id] != Object {
		return nil, false
	}
	start := v.words[id] + 1
	return v.parts[start : start+2*uint64(v.parts[start-1])], true
}

// At returns the value itself, as it is in a [history.Event]. That takes time
// and memory: it is for showing values to people.
func (v *Values) At(id uint32) any {
	switch v.kinds[id] {
	case False:
		return false
	case True:
		return true
	case Int:
		return int64(v.words[id])
	case Float:
		return math.Float64frombits(v.words[id])
	case String:
		return v.texts.At(uint32(v.words[id]))
	case List:
		elements, _ := v.Elements(id)
		list := make([]any, len(elements))
		for i, element := range elements {
			list[i] = v.At(element)
		}
		return list
	case Object:
		members, _ := v.Members(id)
		object := make(map[string]any, len(members)/2)
		for i := 0; i < len(members); i += 2 {
			key, _ := v.Text(members[i])
			object[key] = v.At(members[i+1])
		}
		return object
	}
	return nil
}
