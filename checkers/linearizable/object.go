package linearizable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

// object is a part of the history that is judged by itself.
type object struct {
	key string
	// ops are in the order of their calls. They leave out operations that tell
	// nothing; count includes them.
	ops   []Op
	count int
	// size is how many ops there are. An object that was judged from columns has
	// them only on request.
	size  int
	fetch func(places []int) []Op
	// answered says that the outcome of some operation is known.
	answered bool
	// malformed says what is wrong with one of its operations.
	malformed error
}

// operations returns some operations of the object, by ascending position, or
// all if places is nil.
func (o *object) operations(places []int) []Op {
	switch {
	case o.fetch != nil:
		return o.fetch(places)
	case places == nil:
		return o.ops
	}
	some := make([]Op, len(places))
	for i, at := range places {
		some[i] = o.ops[at]
	}
	return some
}

func (o *object) title() string {
	if o.key == "" {
		return "the only one"
	}
	return o.key
}

// objects sorts operations into objects, in the order of their keys.
func (m *Model) objects(operations []history.Operation) []object {
	byKey := map[string]*object{}
	for i := range operations {
		op := &operations[i]
		if !slices.Contains(m.Functions, op.F) {
			continue
		}
		key, err := m.object(op)
		o, known := byKey[key]
		if !known {
			o = &object{key: key}
			byKey[key] = o
		}
		o.count++
		o.answered = o.answered || op.Outcome != history.Unknown
		step, parseErr := m.parse(op)
		if err == nil {
			err = parseErr
		}
		switch {
		case err != nil && o.malformed == nil:
			o.malformed = fmt.Errorf("%s of process %d at event %d is not one of a %s: %w", op.F, op.Process, op.Call, m.Name, err)
		case err == nil && step != nil:
			o.ops = append(o.ops, Op{op, step})
		}
	}
	var all []object
	for _, o := range byKey {
		all = append(all, m.parts(*o)...)
	}
	for i := range all {
		all[i].size = len(all[i].ops)
	}
	slices.SortFunc(all, func(a, b object) int { return strings.Compare(a.key, b.key) })
	return all
}

// parts splits an object into those that can be judged by themselves.
func (m *Model) parts(o object) []object {
	if m.split == nil || o.malformed != nil || len(o.ops) == 0 {
		return []object{o}
	}
	part := m.split(o.ops)
	if part == nil {
		return []object{o}
	}
	at := map[string]int{}
	var all []object
	for _, op := range o.ops {
		name := part(op)
		i, known := at[name]
		if !known {
			i = len(all)
			at[name] = i
			all = append(all, object{key: partKey(o.key, name), answered: o.answered})
		}
		all[i].ops = append(all[i].ops, op)
		all[i].count++
	}
	all[0].count += o.count - len(o.ops)
	return all
}

// partKey names a part of an object.
func partKey(key, part string) string { return strings.TrimPrefix(key+"/"+part, "/") }
