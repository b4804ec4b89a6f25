package history

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

// SealedName is the name of a sealed history in its folder.
const SealedName = "history.jsonl.zst"

// sealedVersion is the version of the sealed form that is written and read.
const sealedVersion = 1

// Sealed says what a sealed history is.
type Sealed struct {
	// Count is the number of its events.
	Count int
	// Head is the head of its hash chain, in hexadecimal. Whoever keeps it can
	// prove later that nothing in the history was changed.
	Head string
	// Torn is that of the [History].
	Torn string
}

// sealHeader is the first line of a sealed history.
type sealHeader struct {
	Type    string `json:"type"`
	Version int    `json:"version"`
}

const headerType = "history"

// sealTrailer is its last line, which carries the whole head of the chain.
type sealTrailer struct {
	Type  string `json:"type"`
	Count int    `json:"count"`
	Torn  string `json:"torn,omitempty"`
}

const trailerType = "seal"

// Seal merges the lanes of a folder into one compressed file, [SealedName],
// each line of which is bound to all lines before it by a hash chain, and
// removes the lanes. The recorder must be closed. If it dies on the way, the
// folder holds either the lanes or the sealed file whole, and it can be called
// again. A folder that is sealed already stays as it is.
//
// The file holds a line of type "history" with the version of the form, the
// events, each with its index first, and a line of type "seal" with the number
// of events and what was torn. Every line ends with the field "chain".
//
// Each watcher is called with every event, in order, when and only when the
// folder gets sealed by this call.
func Seal(dir string, watchers ...func(*Event) error) (Sealed, error) {
	lanes, err := laneFiles(dir)
	if err != nil {
		return Sealed{}, err
	}
	path := filepath.Join(dir, SealedName)
	sealed, err := Verify(path)
	switch {
	case err == nil:
		return sealed, removeAll(lanes)
	case !errors.Is(err, os.ErrNotExist):
		return Sealed{}, err
	case len(lanes) == 0:
		return Sealed{}, fmt.Errorf("seal %s: %w", dir, ErrNoHistory)
	}
	sealed, err = writeSealed(path, lanes, watchers)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal the history: %w", err)
	}
	return sealed, removeAll(lanes)
}

func removeAll(paths []string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove a lane of a sealed history: %w", err)
		}
	}
	return nil
}

// writeSealed writes the sealed file of these lanes so that it appears under
// its name whole or not at all.
func writeSealed(path string, lanes []string, watchers []func(*Event) error) (sealed Sealed, err error) {
	temporary := path + ".tmp"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Sealed{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(temporary))
		}
	}()
	buffered := bufio.NewWriterSize(file, 1<<16)
	compressed, err := zstd.NewWriter(buffered)
	if err != nil {
		return Sealed{}, err
	}
	sealed, err = writeChained(compressed, lanes, watchers)
	if err := errors.Join(err, compressed.Close()); err != nil {
		return Sealed{}, err
	}
	if err := errors.Join(buffered.Flush(), file.Sync()); err != nil {
		return Sealed{}, err
	}
	if err := file.Close(); err != nil {
		return Sealed{}, err
	}
	if err := os.Rename(temporary, path); err != nil {
		return Sealed{}, err
	}
	return sealed, syncDir(filepath.Dir(path))
}

// writeChained writes the lines of the sealed form.
func writeChained(w io.Writer, lanes []string, watchers []func(*Event) error) (Sealed, error) {
	var links chain
	var bare, full []byte
	write := func(locator int) error {
		links.link(bare)
		full = append(links.appendLocator(full[:0], bare, locator), '\n')
		_, err := w.Write(full)
		return err
	}
	var err error
	if bare, err = json.Marshal(sealHeader{Type: headerType, Version: sealedVersion}); err != nil {
		return Sealed{}, err
	}
	if err := write(locatorBytes); err != nil {
		return Sealed{}, err
	}
	sealed := Sealed{}
	sealed.Torn, err = mergeLanes(lanes, func(e *Event, line []byte) error {
		e.Index = sealed.Count
		for _, watch := range watchers {
			if err := watch(e); err != nil {
				return err
			}
		}
		// The line stays as it was recorded; it only gets its index.
		bare = append(bare[:0], `{"i":`...)
		bare = strconv.AppendInt(bare, int64(sealed.Count), 10)
		bare = append(append(bare, ','), line[1:]...)
		sealed.Count++
		return write(locatorBytes)
	})
	if err != nil {
		return Sealed{}, err
	}
	bare, err = json.Marshal(sealTrailer{Type: trailerType, Count: sealed.Count, Torn: sealed.Torn})
	if err != nil {
		return Sealed{}, err
	}
	if err := write(len(links.head)); err != nil {
		return Sealed{}, err
	}
	sealed.Head = hex.EncodeToString(links.head[:])
	return sealed, nil
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("flush the folder of the history: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("flush the folder of the history: %w", err)
	}
	return nil
}
