package history

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Verify reads a sealed history and checks that it is as it was sealed, or
// says, by a [*ChainError], which line is the first that is not. Somebody who
// rewrites everything from a line on is found out by comparing the head that it
// returns with one that was kept elsewhere.
func Verify(path string) (Sealed, error) {
	return walkSealed(path, func([]byte, int) error { return nil })
}

// walkSealed calls event with each event's line, without the field "chain", and
// the number of that line.
func walkSealed(path string, event func(line []byte, number int) error) (Sealed, error) {
	file, err := os.Open(path)
	if err != nil {
		return Sealed{}, fmt.Errorf("read the sealed history: %w", err)
	}
	defer file.Close()
	text, err := decompress(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return Sealed{}, fmt.Errorf("read %s: %w", path, err)
	}
	defer text.Close()
	return readChained(&lineReader{r: bufio.NewReaderSize(text, 1<<16)}, path, event)
}

// sealedStart is how the sealed form begins.
const sealedStart = `{"type":"` + headerType + `"`

// readChained reads the lines of the sealed form, checks each against the
// chain, and calls event with those that hold events, without the field
// "chain".
func readChained(lines *lineReader, path string, event func(line []byte, number int) error) (Sealed, error) {
	var links chain
	altered := func(index int, reason string) error {
		return &ChainError{File: path, Line: lines.number, Index: index, Reason: reason}
	}
	line, err := lines.next()
	if err != nil {
		return Sealed{}, unreadable(err, lines, path)
	}
	bare, intact := links.check(line, locatorBytes)
	if !intact {
		return Sealed{}, altered(-1, "the first line was altered: it does not fit its own hash")
	}
	var header sealHeader
	if err := json.Unmarshal(bare, &header); err != nil || header.Type != headerType {
		return Sealed{}, altered(-1, "the first line does not say that this is a sealed history")
	}
	if header.Version != sealedVersion {
		return Sealed{}, fmt.Errorf("%s: the history is sealed in version %d of the form; this program reads version %d", path, header.Version, sealedVersion)
	}
	for count := 0; ; count++ {
		line, err := lines.next()
		if err != nil {
			return Sealed{}, unreadable(err, lines, path)
		}
		if bytes.HasPrefix(line, []byte(`{"type":"`+trailerType+`"`)) {
			return readTrailer(&links, line, count, lines, path)
		}
		bare, intact := links.check(line, locatorBytes)
		if !intact {
			return Sealed{}, altered(count, "the line was altered, or a line before it was removed or added: it does not fit the hash chain")
		}
		if err := event(bare, lines.number); err != nil {
			return Sealed{}, err
		}
	}
}

// readTrailer checks the last line after count events.
func readTrailer(links *chain, line []byte, count int, lines *lineReader, path string) (Sealed, error) {
	altered := &ChainError{File: path, Line: lines.number, Index: -1}
	bare, intact := links.check(line, len(links.head))
	if !intact {
		altered.Reason = "the last line was altered, or lines before it were removed: it does not fit the hash chain"
		return Sealed{}, altered
	}
	var trailer sealTrailer
	if err := json.Unmarshal(bare, &trailer); err != nil || trailer.Count != count {
		altered.Reason = fmt.Sprintf("the last line does not say that there are %d events", count)
		return Sealed{}, altered
	}
	if _, err := lines.next(); !errors.Is(err, io.EOF) {
		altered.Line = lines.number
		altered.Reason = "something follows the last line"
		return Sealed{}, altered
	}
	return Sealed{Count: count, Head: hex.EncodeToString(links.head[:]), Torn: trailer.Torn}, nil
}

// unreadable says that a sealed history broke off.
func unreadable(err error, lines *lineReader, path string) error {
	broken := &ChainError{File: path, Line: lines.number + 1, Index: -1}
	if lines.number > 0 {
		broken.Index = lines.number - 1
	}
	switch {
	case err == io.EOF:
		broken.Reason = "the file was cut off here: its last lines are missing"
	case errors.Is(err, errTorn):
		broken.Line = lines.number
		broken.Index = lines.number - 2
		broken.Reason = "the file was cut off in this line"
	default:
		broken.Reason = "the file is damaged or cannot be read: " + err.Error()
	}
	return broken
}
