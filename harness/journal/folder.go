package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// KindFolder is the kind of an entry for a folder to be removed with all that is
// in it. Only a folder that carries the marker of its entry is.
const KindFolder = "folder"

// marker is the file that makes a folder one of ours. Its content is the token
// of the run.
const marker = ".tertium"

// Folder is the entry for the folder at path, made for the run of that token.
func Folder(path, token string) cluster.Entry {
	return cluster.Entry{Kind: KindFolder, Name: path, Detail: token}
}

// MakeFolder makes the folder of an entry that has been recorded, private to
// the user, and marks it. It must not exist yet.
func MakeFolder(entry cluster.Entry) error {
	if err := os.Mkdir(entry.Name, 0o700); err != nil {
		return fmt.Errorf("making a folder for the run: %w", err)
	}
	if err := os.WriteFile(filepath.Join(entry.Name, marker), []byte(entry.Detail), 0o600); err != nil {
		return fmt.Errorf("marking a folder of the run: %w", err)
	}
	return nil
}

// RemoveFolder is the [Undoer] of [KindFolder].
func RemoveFolder(_ context.Context, entry cluster.Entry) (string, error) {
	if !filepath.IsAbs(entry.Name) || entry.Detail == "" {
		return "", fmt.Errorf("%q with token %q is no folder of a run", entry.Name, entry.Detail)
	}
	info, err := os.Lstat(entry.Name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return alreadyGone, nil
	}
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is not a folder", entry.Name)
	}
	token, err := os.ReadFile(filepath.Join(entry.Name, marker))
	if errors.Is(err, fs.ErrNotExist) {
		// Killed between making and marking it: then there is nothing in it.
		if err := os.Remove(entry.Name); err != nil {
			return "", fmt.Errorf("a folder without our marker is left alone unless it is empty: %w", err)
		}
		return "removed, empty", nil
	}
	if err != nil {
		return "", err
	}
	if len(token) == 0 {
		// Killed while marking it.
		if err := removeIfOnlyMarker(entry.Name); err != nil {
			return "", err
		}
		return "removed, empty", nil
	}
	if string(token) != entry.Detail {
		return "", fmt.Errorf("%s carries the marker of another run and is left alone", entry.Name)
	}
	if err := removeAll(entry.Name); err != nil {
		return "", err
	}
	return "removed", nil
}

func removeIfOnlyMarker(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 1 {
		return fmt.Errorf("%s has an empty marker but is not empty, and is left alone", dir)
	}
	return os.RemoveAll(dir)
}

// removeAll removes the folder and puts the marker last, so that a removal that
// is itself killed can be done again.
func removeAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == marker {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}
