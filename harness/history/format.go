package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/tertium-dev/tertium/harness/history/internal/jsontext"
)

// Format is a way in which a history is written down.
type Format uint8

const (
	// Detect tells the format by the first bytes.
	Detect Format = iota
	// JSONL is our own: a lane, or a sealed history.
	JSONL
	// JepsenEDN is a sequence of operation maps, with or without brackets
	// around all, as Jepsen's history.edn.
	JepsenEDN
	// JepsenJSON is the same in JSON: a sequence of objects, or one array.
	JepsenJSON
	// JepsenLog is Jepsen's log: lines of process, type, function and value.
	JepsenLog
)

// String names the format.
func (f Format) String() string {
	switch f {
	case Detect:
		return "detect"
	case JSONL:
		return "jsonl"
	case JepsenEDN:
		return "edn"
	case JepsenJSON:
		return "json"
	case JepsenLog:
		return "log"
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// Option changes how histories of other tools are read and written.
type Option func(*options)

type options struct{ keyedValues bool }

// KeyedValues is the option for histories of Jepsen's independent workloads,
// whose values are pairs [key value]: reading lifts the key out of each, and
// writing puts it back.
func KeyedValues(o *options) { o.keyedValues = true }

func applied(opts []Option) options {
	var all options
	for _, opt := range opts {
		opt(&all)
	}
	return all
}

// ReadFile reads the history in a file of any [Format], compressed with zstd or
// not, or in a run's folder. What it returns is accepted by
// [History.Validate]. Errors say where in the file, and what to do.
func ReadFile(path string, opts ...Option) (*History, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	if info.IsDir() {
		return ReadDir(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	defer file.Close()
	return readNamed(file, path, Detect, applied(opts))
}

// Read reads a history from r as [ReadFile] does from a file.
func Read(r io.Reader, format Format, opts ...Option) (*History, error) {
	return readNamed(r, "", format, applied(opts))
}

// maxImport bounds how much text of another tool is held in memory.
const maxImport = 4 << 30

const (
	zstdMagic     = "\x28\xb5\x2f\xfd"
	byteOrderMark = "\xef\xbb\xbf"
)

// decompress bounds the memory that a hostile file can ask for.
func decompress(r io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderMaxWindow(128<<20))
}

func readNamed(r io.Reader, path string, format Format, o options) (*History, error) {
	input := bufio.NewReaderSize(r, sniffBytes)
	if magic, _ := input.Peek(len(zstdMagic)); string(magic) == zstdMagic {
		text, err := decompress(input)
		if err != nil {
			return nil, fmt.Errorf("decompress %s: %w", path, err)
		}
		defer text.Close()
		input = bufio.NewReaderSize(text, sniffBytes)
	}
	if mark, _ := input.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		if _, err := input.Discard(len(byteOrderMark)); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	if format == Detect {
		start, err := input.Peek(sniffBytes)
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if format, err = sniff(start); err != nil {
			return nil, &SyntaxError{File: path, Line: 1, Column: 1, Reason: err.Error()}
		}
	}
	if format == JSONL {
		return readLines(input, path)
	}
	data, err := io.ReadAll(io.LimitReader(input, maxImport))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(data)) == maxImport {
		return nil, fmt.Errorf("%s holds %d bytes or more of %v; split it", path, int64(maxImport), format)
	}
	in := importer{options: o, file: path, data: data}
	switch format {
	case JepsenEDN:
		err = in.readEDN()
	case JepsenJSON:
		err = in.readJSON()
	case JepsenLog:
		err = in.readLog()
	default:
		err = fmt.Errorf("there is no format %v", format)
	}
	if err != nil {
		return nil, err
	}
	return in.history()
}

// readLines reads our own form from one file.
func readLines(input *bufio.Reader, path string) (*History, error) {
	h := &History{}
	lines := &lineReader{r: input}
	decoder := newLineDecoder()
	next := checked(path, func(e *Event) error {
		h.Events = append(h.Events, *e)
		return nil
	})
	var e Event // one for all, so that no event is a garbage of its own
	each := func(line []byte, number int) (err error) {
		if e, err = decoder.numbered(line, len(h.Events), number, path); err != nil {
			return err
		}
		return next(&e)
	}
	var err error
	if start, _ := input.Peek(len(sealedStart)); string(start) == sealedStart {
		var sealed Sealed
		sealed, err = readChained(lines, path, each)
		h.Torn = sealed.Torn
	} else {
		h.Torn, err = readPlain(lines, path, each)
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// readPlain reads events that are not sealed, one a line.
func readPlain(lines *lineReader, path string, each func(line []byte, number int) error) (torn string, err error) {
	for {
		line, err := lines.next()
		switch {
		case err == io.EOF:
			return "", nil
		case errors.Is(err, errTorn):
			// An editor may have left the newline out. A line that was being
			// written is no whole event.
			if each(line, lines.number) == nil {
				return "", nil
			}
			return fmt.Sprintf("%d bytes at the end of %s", len(line), filepath.Base(path)), nil
		case err != nil:
			return "", fmt.Errorf("read %s: %w", path, err)
		}
		if err := each(line, lines.number); err != nil {
			return "", err
		}
	}
}

// sniffBytes is how much of a file is looked at to tell its format.
const sniffBytes = 1 << 16

// sniff tells the format by the start of a file.
func sniff(start []byte) (Format, error) {
	text := bytes.TrimLeft(start, " \t\r\n,")
	if len(text) == 0 {
		return Detect, errors.New("the file is empty: it holds no history")
	}
	switch c := text[0]; {
	case c == '{':
		return sniffMap(text, JSONL), nil
	case c == '[':
		inside := bytes.TrimLeft(text[1:], " \t\r\n,")
		if len(inside) > 0 && inside[0] == '{' {
			return sniffMap(inside, JepsenJSON), nil
		}
		return JepsenEDN, nil
	case c == '(' || c == ';' || c == '#':
		return JepsenEDN, nil
	case bytes.HasPrefix(text, []byte("INFO")) || '0' <= c && c <= '9' || c == ':':
		return JepsenLog, nil
	}
	return Detect, fmt.Errorf("found %q where a history should begin; known are our own JSONL, Jepsen's EDN and JSON (a map per operation) and Jepsen's log", text[0])
}

// sniffMap tells whether a map is EDN or JSON, and whose.
func sniffMap(text []byte, ours Format) Format {
	inside := bytes.TrimLeft(text[1:], " \t\r\n")
	if len(inside) == 0 || inside[0] != '"' {
		return JepsenEDN
	}
	format := JepsenEDN
	reader := jsontext.NewReader(text)
	// An error is fine: the text may be cut here, or be no JSON.
	_ = reader.Members(func(name []byte) error {
		if format == JepsenEDN {
			format = JepsenJSON
		}
		if string(name) == "t" || string(name) == "version" {
			format = ours
		}
		_, err := reader.Value(0)
		return err
	})
	return format
}
