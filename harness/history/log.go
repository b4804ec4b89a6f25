package history

import (
	"bytes"
	"errors"
	"io"

	"github.com/tertium-dev/tertium/harness/history/internal/edn"
	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// readLog reads lines such as "INFO  jepsen.util - 3	:invoke	:write	4".
func (in *importer) readLog() error {
	for start := 0; start < len(in.data); {
		line, _, _ := bytes.Cut(in.data[start:], []byte("\n"))
		if err := in.logLine(line, start); err != nil {
			return err
		}
		start += len(line) + 1
	}
	return nil
}

// logLine reads a line of a log: process, type, function, value and perhaps an
// error, each in EDN.
func (in *importer) logLine(line []byte, start int) error {
	text := line
	if bytes.HasPrefix(line, []byte("INFO")) {
		// The level, the place in the program, and a dash come first.
		if _, after, found := bytes.Cut(line, []byte(" - ")); found {
			text = after
		}
	}
	offset := start + len(line) - len(text)
	var columns []any
	last := 0
	reader := edn.NewReader(text)
	for {
		value, at, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			var mistake *syntax.Error
			errors.As(err, &mistake)
			return in.fail(offset+mistake.Offset, mistake.Reason)
		}
		columns, last = append(columns, value), at
	}
	switch {
	case len(columns) == 0:
		return nil
	case len(columns) < 3 || len(columns) > 5:
		return in.fail(offset, "a line of a log should hold a process, a type, a function, a value and perhaps an error")
	}
	op := map[string]any{"process": columns[0], "type": columns[1], "f": columns[2]}
	if len(columns) > 3 {
		op["value"] = columns[3]
	}
	if len(columns) > 4 {
		op["error"] = columns[4]
	} else if kind := nameOf(columns[1]); len(columns) == 4 && text[last] == ':' && (kind == "info" || kind == "fail") {
		// A keyword in place of a value, such as :timed-out, is the reason.
		op["value"], op["error"] = nil, columns[3]
	}
	return in.add(op, start)
}
