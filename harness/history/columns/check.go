package columns

import (
	"errors"
	"fmt"
	"math"

	"github.com/tertium-dev/tertium/harness/history"
)

// check reports what a file must not hold. It takes one pass over everything,
// and makes sure that no number is out of range anywhere and that events are
// calls and returns of operations.
func (c *Columns) check() error {
	for _, names := range c.dictionaries() {
		if err := names.check(); err != nil {
			return err
		}
	}
	if err := errors.Join(c.Values.check(), c.details.check()); err != nil {
		return err
	}
	for _, column := range c.perOperation() {
		for _, id := range *column.ids {
			if uint64(id) >= uint64(column.names) {
				return fmt.Errorf("the column %s has number %d of a dictionary of %d", column.name, id, column.names)
			}
		}
	}
	if err := c.checkEvents(); err != nil {
		return err
	}
	return c.checkOthers()
}

func (n *Names) check() error {
	if len(n.ends) == 0 || n.ends[0] != 0 || uint64(n.ends[len(n.ends)-1]) != uint64(len(n.text)) {
		return errors.New("a dictionary of names does not begin or end as it must")
	}
	for i, end := range n.ends[1:] {
		if end < n.ends[i] {
			return errors.New("a dictionary of names has one of a negative length")
		}
	}
	return nil
}

// checkEvents checks that operations are numbered by their calls, and that
// those and only those whose outcome is known return, once and after that.
func (c *Columns) checkEvents() error {
	returned := make([]bool, len(c.Outcome))
	calls := uint32(0)
	for i, event := range c.Events {
		operation := event >> 1
		switch {
		case event == Other:
		case event&1 == 0 && operation == calls && uint64(calls) < uint64(len(c.Outcome)):
			calls++
		case event&1 == 1 && operation < calls && !returned[operation]:
			returned[operation] = true
		default:
			return fmt.Errorf("event %d is the %d of an operation that cannot do that", i, event&1)
		}
	}
	if uint64(calls) != uint64(len(c.Outcome)) {
		return fmt.Errorf("there are %d calls of %d operations", calls, len(c.Outcome))
	}
	for operation, outcome := range c.Outcome {
		if outcome > history.Fail || returned[operation] != (outcome != history.Unknown) {
			return fmt.Errorf("operation %d has the outcome %v", operation, outcome)
		}
	}
	return nil
}

// checkOthers checks what events tell that are neither calls nor returns.
func (c *Columns) checkOthers() error {
	isOther := func(event uint32) bool {
		return uint64(event) < uint64(len(c.Events)) && c.Events[event] == Other
	}
	unknown := 0
	for _, outcome := range c.Outcome {
		if outcome == history.Unknown {
			unknown++
		}
	}
	if unknown != len(c.gaveUp) {
		return fmt.Errorf("%d operations have an unknown outcome, and there are completions of %d", unknown, len(c.gaveUp))
	}
	for _, at := range c.gaveUp {
		if at != 0 && !isOther(at-1) {
			return fmt.Errorf("event %d is no completion with unknown outcome", at-1)
		}
	}
	if len(c.others)%otherWidth != 0 {
		return errors.New("the events that are not about operations are cut off")
	}
	for at := 0; at < len(c.others); at += otherWidth {
		o := c.others[at : at+otherWidth]
		if kind := history.Kind(o[1]); !isOther(o[0]) || at > 0 && o[0] <= c.others[at-otherWidth] ||
			o[1] > math.MaxUint8 || kind != history.Nemesis && kind != history.Phase {
			return fmt.Errorf("event %d is not one that is not about an operation", o[0])
		}
		for _, id := range o[2:] {
			if uint64(id) >= uint64(c.details.Len()) {
				return fmt.Errorf("event %d has detail %d of %d", o[0], id, c.details.Len())
			}
		}
	}
	return nil
}

// check makes sure that values are made of values before them, so that walking
// through one ends.
func (v *Values) check() error {
	if len(v.kinds) < 3 || v.kinds[Nil] != Nil || v.kinds[False] != False || v.kinds[True] != True {
		return errors.New("the dictionary of values does not begin as it must")
	}
	wholes := extents{}
	for at := 3; at < len(v.kinds); at++ {
		id := uint32(at)
		ok := false
		switch word := v.words[id]; v.kinds[id] {
		case Int:
			ok = true
		case Float:
			float := math.Float64frombits(word)
			ok = !math.IsNaN(float) && !math.IsInf(float, 0)
		case String:
			ok = word < uint64(v.texts.Len())
		case List:
			ok = v.checkParts(id, 1, &wholes)
		case Object:
			ok = v.checkParts(id, 2, &wholes)
		}
		if !ok {
			return fmt.Errorf("value %d is none", id)
		}
	}
	return nil
}

// extents are how large values are when written out: how deep they nest, and
// how many parts they have. Both are empty until there is a list or an object.
type extents struct {
	depths []uint8
	sizes  []uint32
}

// maxSize is how many parts a value may have when written out: more than a line
// of a history can hold. Values share their parts, so that few bytes of a
// forged file could stand for endlessly many.
const maxSize = 1 << 28

// checkParts checks a list or object, each element or member of which has so
// many parts.
func (v *Values) checkParts(id uint32, each uint64, wholes *extents) bool {
	start, all := v.words[id], uint64(len(v.parts))
	if start >= all || each*uint64(v.parts[start]) > all-start-1 {
		return false
	}
	if wholes.sizes == nil {
		wholes.depths = make([]uint8, len(v.kinds))
		wholes.sizes = make([]uint32, len(v.kinds))
	}
	depth, size := 0, uint64(1)
	for i, part := range v.partsOf(id) {
		if part >= id || each == 2 && i%2 == 0 && v.kinds[part] != String {
			return false
		}
		depth = max(depth, int(wholes.depths[part])+1)
		size += uint64(wholes.sizes[part]) + 1
		if depth > history.MaxDepth || size > maxSize {
			return false
		}
	}
	wholes.depths[id], wholes.sizes[id] = uint8(depth), uint32(size)
	return true
}
