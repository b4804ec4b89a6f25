package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tertium-dev/tertium/harness/history/internal/jsontext"
)

// maxNames bounds the table of strings that many events share. Past it, new
// strings are simply not shared.
const maxNames = 1 << 16

// lineDecoder decodes the lines of recordings. It keeps one copy of the strings
// that events share, which is most of what a history would otherwise weigh.
type lineDecoder struct {
	names map[string]string
	// open holds the strings of each process's invocation, which its completion
	// repeats.
	open map[int]spelled
}

type spelled struct{ idem, ref string }

func newLineDecoder() *lineDecoder {
	return &lineDecoder{names: make(map[string]string), open: make(map[int]spelled)}
}

// rawEvent is an event with its strings still in the line.
type rawEvent struct {
	kind, f, key, idem, node, ref, error []byte
	time, process, index                 int64
	value                                any
	// seen has a bit set for each field that the line has.
	seen uint16
}

// The bits of rawEvent.seen.
const (
	seenIndex uint16 = 1 << iota
	seenTime
	seenType
	seenProcess
	seenF
	seenKey
	seenValue
	seenIdem
	seenNode
	seenRef
	seenError
)

// field reads the value of one field.
func (raw *rawEvent) field(r *jsontext.Reader, name []byte) error {
	bit, err := uint16(0), error(nil)
	start := r.Offset()
	switch string(name) {
	case "i":
		bit = seenIndex
		raw.index, err = r.Integer()
	case "t":
		bit = seenTime
		raw.time, err = r.Integer()
	case "process":
		bit = seenProcess
		raw.process, err = r.Integer()
	case "value":
		bit = seenValue
		raw.value, err = r.Value(0)
	case "type":
		bit, raw.kind, err = stringField(r, seenType)
	case "f":
		bit, raw.f, err = stringField(r, seenF)
	case "key":
		bit, raw.key, err = stringField(r, seenKey)
	case "idem":
		bit, raw.idem, err = stringField(r, seenIdem)
	case "node":
		bit, raw.node, err = stringField(r, seenNode)
	case "ref":
		bit, raw.ref, err = stringField(r, seenRef)
	case "error":
		bit, raw.error, err = stringField(r, seenError)
	default:
		return r.Fail(start, "an event has no field %q; a newer version may have written it", name)
	}
	if err != nil {
		return err
	}
	if raw.seen&bit != 0 {
		return r.Fail(start, "the event has two fields %q", name)
	}
	raw.seen |= bit
	return nil
}

func stringField(r *jsontext.Reader, bit uint16) (uint16, []byte, error) {
	text, err := r.Text()
	return bit, text, err
}

// event decodes one line. The index is unnumbered if the line does not state it.
func (d *lineDecoder) event(line []byte) (Event, error) {
	r := jsontext.NewReader(line)
	raw := rawEvent{process: NoProcess, index: unnumbered}
	if err := r.Members(func(name []byte) error { return raw.field(r, name) }); err != nil {
		return Event{}, err
	}
	if !r.End() {
		return Event{}, r.Fail(r.Offset(), "more follows the event on its line; write one event a line")
	}
	const required = seenTime | seenType
	if raw.seen&required != required {
		return Event{}, r.Fail(r.Offset(), `the event lacks its "t" or its "type"`)
	}
	e := Event{
		Index:   int(raw.index),
		Time:    time.Duration(raw.time),
		Process: int(raw.process),
		Value:   raw.value,
		F:       d.name(raw.f),
		Node:    d.name(raw.node),
		Error:   d.name(raw.error),
	}
	if int64(e.Index) != raw.index || int64(e.Process) != raw.process {
		return Event{}, r.Fail(r.Offset(), "the index or the process is larger than this machine's int")
	}
	switch string(raw.kind) {
	case typeInvoke:
		e.Kind = Invoke
	case typeNemesis:
		e.Kind = Nemesis
	case typePhase:
		e.Kind = Phase
	case "ok":
		e.Kind, e.Outcome = Complete, OK
	case "fail":
		e.Kind, e.Outcome = Complete, Fail
	case "unknown":
		e.Kind, e.Outcome = Complete, Unknown
	default:
		return Event{}, r.Fail(r.Offset(), "the type %q is none of invoke, ok, fail, unknown, nemesis and phase", raw.kind)
	}
	d.spell(&e, &raw)
	return e, nil
}

// spell sets the strings that an invocation shares with its completion only.
func (d *lineDecoder) spell(e *Event, raw *rawEvent) {
	same := d.open[e.Process]
	e.Key = d.name(raw.key)
	e.Idem = reuse(same.idem, raw.idem)
	e.Ref = reuse(same.ref, raw.ref)
	switch e.Kind {
	case Invoke:
		d.open[e.Process] = spelled{idem: e.Idem, ref: e.Ref}
	case Complete:
		delete(d.open, e.Process)
	}
}

func reuse(known string, spelling []byte) string {
	if string(spelling) == known {
		return known
	}
	return string(spelling)
}

// name returns the one copy of a string.
func (d *lineDecoder) name(spelling []byte) string {
	if len(spelling) == 0 {
		return ""
	}
	if known, ok := d.names[string(spelling)]; ok {
		return known
	}
	name := string(spelling)
	if len(d.names) < maxNames {
		d.names[name] = name
	}
	return name
}

// maxLine is how long a line may be, in bytes, written or read.
const maxLine = 1 << 28

// lineReader reads lines of up to maxLine bytes.
type lineReader struct {
	r *bufio.Reader
	// number is that of the line last read, from 1.
	number int
	long   []byte
}

// errTorn marks a last line without its newline: it was being written.
var errTorn = errors.New("the last line has no newline")

// next returns the next line without its newline, valid until the next call, or
// io.EOF. With errTorn it returns what there is of a last line.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = append(l.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			if len(l.long) > maxLine {
				return nil, fmt.Errorf("line %d is longer than %d bytes", l.number+1, maxLine)
			}
			line, err = l.r.ReadSlice('\n')
			l.long = append(l.long, line...)
		}
		line = l.long
	}
	switch {
	case err == nil:
		l.number++
		return line[:len(line)-1], nil
	case err != io.EOF:
		return nil, fmt.Errorf("read line %d: %w", l.number+1, err)
	case len(line) == 0:
		return nil, io.EOF
	}
	l.number++
	return line, errTorn
}
