package history

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history/internal/edn"
	"github.com/tertium-dev/tertium/harness/history/internal/jsontext"
	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// phaseName is the function under which the phases of our histories stand among
// Jepsen's nemesis operations.
const phaseName = "tertium/phase"

// importer turns the operation maps of another tool into events.
type importer struct {
	options options
	file    string
	data    []byte
	events  []imported
	// named is whether any client event has a process, and anonymous are the
	// offsets of those that have none.
	named     bool
	anonymous []int
}

// imported is an event with what the file says of it.
type imported struct {
	Event
	// offset is where its map begins.
	offset int
	// position is its :index, if it has one.
	position int64
	numbered bool
}

// fail returns an error at an offset.
func (in *importer) fail(offset int, reason string) error {
	line, column := positionOf(in.data, offset)
	return &SyntaxError{File: in.file, Line: line, Column: column, Reason: reason}
}

// locate turns a mistake of syntax into one that says where it is.
func (in *importer) locate(err error) error {
	var at *syntax.Error
	if errors.As(err, &at) {
		return in.fail(at.Offset, at.Reason)
	}
	return err
}

func (in *importer) readEDN() error {
	reader := edn.NewReader(in.data)
	if err := reader.Enter(); err != nil {
		return in.locate(err)
	}
	for {
		value, offset, err := reader.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return in.locate(err)
		}
		if err := in.add(value, offset); err != nil {
			return err
		}
	}
}

func (in *importer) readJSON() error {
	reader := jsontext.NewReader(in.data)
	each := func() error {
		reader.Space()
		offset := reader.Offset()
		value, err := reader.Value(-1) // the map of an operation is no level
		if err != nil {
			return err
		}
		return in.add(value, offset)
	}
	if reader.Space() == '[' {
		if err := reader.Elements(each); err != nil {
			return in.locate(err)
		}
		if !reader.End() {
			return in.fail(reader.Offset(), "something follows the end of the history")
		}
		return nil
	}
	for !reader.End() {
		if err := each(); err != nil {
			return in.locate(err)
		}
	}
	return nil
}

// add takes in one operation map.
func (in *importer) add(value any, offset int) error {
	op, ok := value.(map[string]any)
	if !ok {
		return in.fail(offset, "a map with :type, :process, :f and :value should be here, one per event")
	}
	e := imported{offset: offset}
	e.Value = op["value"]
	e.F = nameOf(op["f"])
	e.Key = nameOf(op["key"])
	e.Idem = nameOf(op["idem"])
	e.Node = nameOf(op["node"])
	e.Ref = nameOf(op["ref"])
	e.Error = errorText(op["error"])
	e.position, e.numbered = op["index"].(int64)
	if stamp, given := op["time"]; given && stamp != nil {
		nanoseconds, whole := stamp.(int64)
		if !whole {
			return in.fail(offset, "its :time should be a whole number of nanoseconds")
		}
		e.Time = time.Duration(nanoseconds)
	}
	if reason := e.setKind(nameOf(op["type"])); reason != "" {
		return in.fail(offset, reason)
	}
	if reason := in.setProcess(&e, op["process"]); reason != "" {
		return in.fail(offset, reason)
	}
	if e.Kind == Nemesis && e.F == phaseName {
		e.Kind, e.F = Phase, nameOf(op["phase"])
	}
	in.events = append(in.events, e)
	return nil
}

// setKind sets what the event's type says, as of a client's event.
func (e *imported) setKind(kind string) (reason string) {
	switch kind {
	case "invoke":
		e.Kind = Invoke
	case "ok":
		e.Kind, e.Outcome = Complete, OK
	case "fail":
		e.Kind, e.Outcome = Complete, Fail
	case "info", "unknown":
		e.Kind, e.Outcome = Complete, Unknown
	case "":
		return "it lacks its :type; say :invoke, :ok, :fail or :info"
	default:
		return `its :type "` + kind + `" is none of :invoke, :ok, :fail and :info`
	}
	return ""
}

// setProcess sets whose event it is.
func (in *importer) setProcess(e *imported, process any) (reason string) {
	switch process := process.(type) {
	case int64:
		e.Process = int(process)
		if int64(e.Process) != process {
			return "its :process is larger than this machine's int"
		}
	case nil:
		in.anonymous = append(in.anonymous, e.offset)
		return in.liftKey(e)
	default:
		if process != "nemesis" {
			return "its :process should be a whole number, or :nemesis"
		}
		e.Kind, e.Outcome, e.Process = Nemesis, Unknown, NoProcess
		return ""
	}
	in.named = true
	return in.liftKey(e)
}

// liftKey takes the key out of a value [key value], if that was asked for.
func (in *importer) liftKey(e *imported) (reason string) {
	if !in.options.keyedValues || e.Value == nil {
		return ""
	}
	pair, ok := e.Value.([]any)
	if !ok || len(pair) != 2 {
		return "its :value should be a pair [key value]; read the history without the option for keyed values"
	}
	e.Key, e.Value = nameOf(pair[0]), pair[1]
	return ""
}

// nameOf returns a value as a name; nil is the empty one.
func nameOf(value any) string {
	if value == nil {
		return ""
	}
	return edn.KeyText(value)
}

// errorText returns Jepsen's :error in our form: a code, then details.
func errorText(value any) string {
	parts, ok := value.([]any)
	if !ok || len(parts) == 0 {
		return nameOf(value)
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = edn.KeyText(part)
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return texts[0] + ": " + strings.Join(texts[1:], " ")
}

// history puts the events in order and checks that they are a history.
func (in *importer) history() (*History, error) {
	if !slices.ContainsFunc(in.events, func(e imported) bool { return !e.numbered }) {
		// The file says itself which event comes first.
		slices.SortStableFunc(in.events, func(a, b imported) int { return cmp.Compare(a.position, b.position) })
	}
	if len(in.anonymous) > 0 {
		if err := in.nameProcesses(); err != nil {
			return nil, err
		}
	}
	h := &History{Events: make([]Event, len(in.events))}
	last := time.Duration(0)
	for i := range in.events {
		e := &in.events[i].Event
		e.Index = i
		// Some clients stamped before they queued for the history. The order of
		// the history is the order of the file, and stamps follow it.
		last = max(last, e.Time)
		e.Time = last
		h.Events[i] = *e
	}
	var malformed *MalformedError
	if err := h.Validate(); errors.As(err, &malformed) {
		return nil, in.fail(in.events[malformed.Index].offset, malformed.Reason)
	}
	return h, nil
}

// nameProcesses gives processes to client events that have none: a completion
// belongs to the invocation before it.
func (in *importer) nameProcesses() error {
	if in.named {
		return in.fail(in.anonymous[0], "this event has no :process but others have; give it to all or to none")
	}
	process, open := 0, false
	for i := range in.events {
		e := &in.events[i]
		switch {
		case e.Kind == Nemesis || e.Kind == Phase:
			continue
		case e.Kind == Invoke:
			if open {
				process++
			}
			open = true
			e.Process = process
		case !open:
			return in.fail(e.offset, "a completion without :process follows no invocation; give every event its :process")
		default:
			open = false
			e.Process = process
			if e.Outcome == Unknown {
				process++
			}
		}
	}
	return nil
}
