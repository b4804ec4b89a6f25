package history

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/tertium-dev/tertium/harness/history/internal/edn"
	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// WriteEDN writes the history as Jepsen's history.edn, a map per line, so that
// Jepsen's checkers, Knossos and Elle read it, and [Read] gives it back equal,
// but for Torn. An unknown outcome is :info. The micro-operations of a
// transaction, such as [:append 3 7], begin with a keyword. What the nemesis
// did has the process :nemesis and, like Jepsen's, the type :info; the start of
// a phase is the function "tertium/phase" of the nemesis. Key, Idem, Node and
// Ref stand under keywords of these names, which Jepsen ignores; with
// [KeyedValues], client values are pairs [key value] instead of having a :key.
func WriteEDN(w io.Writer, h *History, opts ...Option) error {
	o := applied(opts)
	buffered := bufio.NewWriterSize(w, 1<<16)
	var line []byte
	for i := range h.Events {
		var err error
		if line, err = appendOp(line[:0], &h.Events[i], o); err != nil {
			return fmt.Errorf("export event %d: %w", i, err)
		}
		if _, err := buffered.Write(line); err != nil {
			return fmt.Errorf("export the history: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("export the history: %w", err)
	}
	return nil
}

// appendOp appends an event as an operation map and a newline.
func appendOp(dst []byte, e *Event, o options) ([]byte, error) {
	f, process, kind := e.F, ":nemesis", ":info"
	switch e.Kind {
	case Invoke, Complete:
		process = strconv.Itoa(e.Process)
		kind = jepsenType(e)
	case Phase:
		f = phaseName
	case Nemesis:
	}
	dst = append(dst, "{:index "...)
	dst = strconv.AppendInt(dst, int64(e.Index), 10)
	dst = append(dst, ", :time "...)
	dst = strconv.AppendInt(dst, int64(e.Time), 10)
	dst = append(append(dst, ", :process "...), process...)
	dst = append(append(dst, ", :type "...), kind...)
	if f != "" {
		dst = edn.AppendName(append(dst, ", :f "...), f)
	}
	if e.Kind == Phase {
		dst = appendNamed(dst, ", :phase ", e.F)
	}
	key := e.Key
	dst = append(dst, ", :value "...)
	client := e.Kind == Invoke || e.Kind == Complete
	if client && o.keyedValues {
		dst = append(syntax.AppendQuoted(append(dst, '['), key), ' ')
		key = ""
	}
	dst, err := appendOpValue(dst, e.Value)
	if err != nil {
		return dst, err
	}
	if client && o.keyedValues {
		dst = append(dst, ']')
	}
	dst = appendNamed(dst, ", :key ", key)
	dst = appendNamed(dst, ", :idem ", e.Idem)
	dst = appendNamed(dst, ", :node ", e.Node)
	dst = appendNamed(dst, ", :ref ", e.Ref)
	dst = appendNamed(dst, ", :error ", e.Error)
	return append(dst, "}\n"...), nil
}

func appendNamed(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return syntax.AppendQuoted(append(dst, name...), value)
}

func jepsenType(e *Event) string {
	switch {
	case e.Kind == Invoke:
		return ":invoke"
	case e.Outcome == OK:
		return ":ok"
	case e.Outcome == Fail:
		return ":fail"
	}
	return ":info"
}

// appendOpValue appends a value, with keywords for what micro-operations do.
func appendOpValue(dst []byte, value any) ([]byte, error) {
	transaction, ok := value.([]any)
	if !ok || !isTransaction(transaction) {
		return edn.Append(dst, value, 0)
	}
	dst = append(dst, '[')
	for i, micro := range transaction {
		if i > 0 {
			dst = append(dst, ' ')
		}
		parts := micro.([]any)
		dst = edn.AppendName(append(dst, '['), parts[0].(string))
		for _, part := range parts[1:] {
			var err error
			if dst, err = edn.Append(append(dst, ' '), part, 2); err != nil {
				return dst, err
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, ']'), nil
}

// isTransaction reports whether a value is a sequence of micro-operations, each
// a triple of what it does, a key, and a value.
func isTransaction(value []any) bool {
	for _, micro := range value {
		parts, ok := micro.([]any)
		if !ok || len(parts) != 3 {
			return false
		}
		switch parts[0] {
		case "append", "r", "w":
		default:
			return false
		}
	}
	return len(value) > 0
}
