package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The names in a run folder. docs/run-folder.md describes each to users.
const (
	ConfigName   = "config.json"
	PlanName     = "plan.jsonl.zst"
	HistoryName  = "history"
	ResultName   = "result.json"
	ReportName   = "report.html"
	JUnitName    = "junit.xml"
	NodesName    = "nodes"
	ExitsName    = "exits.json"
	ManifestName = "manifest.json"
	// LatestName is the pointer to the newest run, beside the systems.
	LatestName = "latest"
)

// startedLayout is how a folder's name tells when its run began. It has no
// colon, which some file systems refuse.
const startedLayout = "20060102T150405Z"

// Folder is the folder of a run. What Tertium writes into it, it writes whole
// or not at all, and for the owner's eyes only.
type Folder struct {
	path string
}

// Create makes the folder of a new run, root/system/workload/time-seed, and
// points root/latest at it. Two runs of the same second get two folders.
func Create(root, system, workload string, seed uint64, now time.Time) (Folder, error) {
	parent := filepath.Join(root, fileName(system), fileName(workload))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return Folder{}, fmt.Errorf("make a folder for the run: %w; choose another with --out", err)
	}
	base := fmt.Sprintf("%s-%d", now.UTC().Format(startedLayout), seed)
	name := base
	for again := 2; ; again++ {
		err := os.Mkdir(filepath.Join(parent, name), 0o700)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return Folder{}, fmt.Errorf("make a folder for the run: %w; choose another with --out", err)
		}
		name = fmt.Sprintf("%s.%d", base, again)
	}
	f := Folder{path: filepath.Join(parent, name)}
	if err := f.pointAt(root); err != nil {
		return Folder{}, fmt.Errorf("point %s at the new run: %w", filepath.Join(root, LatestName), err)
	}
	return f, nil
}

// Open opens the folder of a run that was made before: the folder itself, or
// what a "latest" points at.
func Open(path string) (Folder, error) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() && filepath.Base(path) == LatestName {
		path, err = readPointer(path)
		if err == nil {
			info, err = os.Stat(path)
		}
	}
	if err != nil {
		return Folder{}, fmt.Errorf("open the folder of a run: %w", err)
	}
	if !info.IsDir() {
		return Folder{}, fmt.Errorf("open the folder of a run: %s is a file, not a folder", path)
	}
	// A name that a symbolic link hides is needed for what it tells.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return Folder{}, fmt.Errorf("open the folder of a run: %w", err)
	}
	f := Folder{path: path}
	for _, name := range []string{HistoryName, ConfigName, ResultName} {
		if _, err := os.Stat(f.Path(name)); err == nil {
			return f, nil
		}
	}
	return Folder{}, fmt.Errorf("open the folder of a run: %s has neither a %s, a %s nor a %s", path, HistoryName, ConfigName, ResultName)
}

// Path returns the path of something in the folder, or of the folder itself
// when no name is given.
func (f Folder) Path(names ...string) string {
	return filepath.Join(append([]string{f.path}, names...)...)
}

// Started is the time at which the run began, as the folder's name tells it, or
// the zero time if it has another name.
func (f Folder) Started() time.Time {
	stamp, _, _ := strings.Cut(filepath.Base(f.path), "-")
	started, err := time.Parse(startedLayout, stamp)
	if err != nil {
		return time.Time{}
	}
	return started
}

// Write writes a file of the folder atomically: readers see the old content or
// the new, whatever happens to the machine. The folder that the file is in is
// made if need be.
func (f Folder) Write(name string, content func(io.Writer) error) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("write %q into a run's folder: the name leads out of it", name)
	}
	path := f.Path(name)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := replace(path, content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// WriteJSON writes a value as an indented JSON file of the folder, atomically.
func (f Folder) WriteJSON(name string, value any) error {
	return f.Write(name, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	})
}

// WriteResult writes result.json.
func (f Folder) WriteResult(r Result) error { return f.Write(ResultName, r.Write) }

// Result reads result.json. The error is [fs.ErrNotExist] if the run ended
// before it had one.
func (f Folder) Result() (Result, error) {
	file, err := os.Open(f.Path(ResultName))
	if err != nil {
		return Result{}, fmt.Errorf("read result: %w", err)
	}
	defer file.Close()
	return ReadResult(file)
}

// Facts returns what the run itself knew, for a later check: from result.json,
// or, if the harness died before it wrote one, the little that is certain.
func (f Folder) Facts() (Facts, error) {
	result, err := f.Result()
	if errors.Is(err, fs.ErrNotExist) {
		return Facts{
			Started: f.Started(),
			Trouble: []string{"the harness died before it could tell how the run ended"},
		}, nil
	}
	return result.Facts, err
}

// pointAt makes root/latest name this folder: a symbolic link where there are
// some, else a file that holds the path.
func (f Folder) pointAt(root string) error {
	target, err := filepath.Rel(root, f.path)
	if err != nil {
		return err
	}
	latest := filepath.Join(root, LatestName)
	link := filepath.Join(root, fmt.Sprintf(".%s-%s", LatestName, filepath.Base(f.path)))
	if err := os.Symlink(target, link); err != nil {
		return replace(latest, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, filepath.ToSlash(target))
			return err
		})
	}
	if err := os.Rename(link, latest); err != nil {
		return errors.Join(err, os.Remove(link))
	}
	return nil
}

func readPointer(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	target := filepath.FromSlash(string(bytes.TrimSpace(content)))
	if !filepath.IsLocal(target) {
		return "", fmt.Errorf("%s names %q, which is not a folder beside it", path, target)
	}
	return filepath.Join(filepath.Dir(path), target), nil
}

// replace puts a file of this content in the place of path, which it never
// leaves half-written.
func replace(path string, content func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	if err := content(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename in a folder durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be flushed there
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// fileName makes a name fit for one level of any file system: letters, digits,
// dots, dashes and underscores, no dot in front, at most 64 bytes.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	safe = safe[:min(len(safe), 64)]
	if safe == "" || safe[0] == '.' {
		safe = "_" + safe
	}
	return safe
}
