package results

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Manifest says with what a run was made, and identifies every file of its
// folder. It has no name of a host or a person.
type Manifest struct {
	Schema  int    `json:"schema"`
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	// HistoryHead is the last link of the history's hash chain.
	HistoryHead string `json:"history_head,omitempty"`
	// Files are all files of the folder but the manifest, by path.
	Files []File `json:"files"`
}

// File is one file of a run's folder.
type File struct {
	// Path is relative to the folder, with slashes.
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Seal writes manifest.json over all that the folder holds now. It is the last
// thing written.
func (f Folder) Seal(r Result) error {
	files, err := f.files()
	if err != nil {
		return fmt.Errorf("seal %s: %w", f.path, err)
	}
	return f.WriteJSON(ManifestName, Manifest{
		Schema:      Schema,
		Version:     r.Version,
		Go:          runtime.Version(),
		OS:          runtime.GOOS,
		Arch:        runtime.GOARCH,
		HistoryHead: r.History.Head,
		Files:       files,
	})
}

// Difference is a file that is not as the manifest says.
type Difference struct {
	Path string
	// What is "missing", "altered" or "added".
	What string
}

// Verify compares the folder with its manifest and returns what differs, by
// path; nothing if it is as it was sealed. An error means that it could not be
// compared.
func (f Folder) Verify() ([]Difference, error) {
	content, err := os.ReadFile(f.Path(ManifestName))
	if err != nil {
		return nil, fmt.Errorf("verify %s: it has no readable manifest: %w", f.path, err)
	}
	var manifest Manifest
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, fmt.Errorf("verify %s: its %s is broken: %w", f.path, ManifestName, err)
	}
	if manifest.Schema != Schema {
		return nil, fmt.Errorf("verify %s: its %s has schema %d; this Tertium knows %d", f.path, ManifestName, manifest.Schema, Schema)
	}
	present, err := f.files()
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", f.path, err)
	}
	found := map[string]File{}
	for _, file := range present {
		found[file.Path] = file
	}
	var differences []Difference
	for _, sealed := range manifest.Files {
		file, ok := found[sealed.Path]
		switch {
		case !ok:
			differences = append(differences, Difference{sealed.Path, "missing"})
		case file != sealed:
			differences = append(differences, Difference{sealed.Path, "altered"})
		}
		delete(found, sealed.Path)
	}
	for path := range found {
		differences = append(differences, Difference{path, "added"})
	}
	slices.SortFunc(differences, func(a, b Difference) int { return cmp.Compare(a.Path, b.Path) })
	return differences, nil
}

// files hashes every file of the folder but the manifest, in order of their
// paths. Only plain files belong into a folder: anything else is an error.
func (f Folder) files() ([]File, error) {
	files := []File{}
	err := filepath.WalkDir(f.path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(f.path, path)
		if err != nil {
			return err
		}
		if relative == ManifestName {
			return nil
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is neither a plain file nor a folder; remove it", path)
		}
		file, err := hashed(path)
		if err != nil {
			return err
		}
		file.Path = filepath.ToSlash(relative)
		files = append(files, file)
		return nil
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

func hashed(path string) (File, error) {
	file, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer file.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, file)
	if err != nil {
		return File{}, fmt.Errorf("read %s: %w", path, err)
	}
	return File{Bytes: n, SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}
