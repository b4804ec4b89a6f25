package history

import (
	"fmt"
	"strconv"

	"github.com/tertium-dev/tertium/harness/history/internal/jsontext"
	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// The values of "type" in a line.
const (
	typeInvoke  = "invoke"
	typeNemesis = "nemesis"
	typePhase   = "phase"
)

// unnumbered is the index of a line that does not state one: lanes are written
// before anyone knows the order of all events.
const unnumbered = -1

// appendEvent appends the event as one line of JSON, without the newline.
// Equal events give equal bytes: fields have a fixed order, empty ones are left
// out, and the keys of objects are sorted.
func appendEvent(dst []byte, e *Event, index int) ([]byte, error) {
	kind := typeInvoke
	switch e.Kind {
	case Invoke:
	case Complete:
		if e.Outcome > Fail {
			return dst, fmt.Errorf("its outcome %d is none of ok, fail and unknown", uint8(e.Outcome))
		}
		kind = e.Outcome.String()
	case Nemesis:
		kind = typeNemesis
	case Phase:
		kind = typePhase
	default:
		return dst, fmt.Errorf("its kind %d is none of invoke, complete, nemesis and phase", e.Kind)
	}
	dst = append(dst, '{')
	if index != unnumbered {
		dst = append(dst, `"i":`...)
		dst = strconv.AppendInt(dst, int64(index), 10)
		dst = append(dst, ',')
	}
	dst = append(dst, `"t":`...)
	dst = strconv.AppendInt(dst, int64(e.Time), 10)
	dst = append(dst, `,"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, '"')
	if e.Process != NoProcess {
		dst = append(dst, `,"process":`...)
		dst = strconv.AppendInt(dst, int64(e.Process), 10)
	}
	dst = appendField(dst, `,"f":`, e.F)
	dst = appendField(dst, `,"key":`, e.Key)
	if e.Value != nil {
		dst = append(dst, `,"value":`...)
		var err error
		if dst, err = jsontext.Append(dst, e.Value, 0); err != nil {
			return dst, err
		}
	}
	dst = appendField(dst, `,"idem":`, e.Idem)
	dst = appendField(dst, `,"node":`, e.Node)
	dst = appendField(dst, `,"ref":`, e.Ref)
	dst = appendField(dst, `,"error":`, e.Error)
	return append(dst, '}'), nil
}

func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return syntax.AppendQuoted(append(dst, name...), value)
}
