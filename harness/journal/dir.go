package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// DirVariable is the environment variable that overrides where [Dir] is.
const DirVariable = "TERTIUM_STATE"

// Dir returns the state folder of this user, and makes it if need be, private
// to the user: what TERTIUM_STATE names, or else tertium in the folder that the
// XDG Base Directory Specification names for state, or else one beside the
// temporary files.
func Dir() (string, error) {
	if dir := os.Getenv(DirVariable); dir != "" {
		return dir, private(dir)
	}
	var tried error
	if dir, err := stateHome(); err != nil {
		tried = err
	} else if err := private(dir); err != nil {
		tried = err
	} else {
		return dir, nil
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("tertium-%d", os.Getuid()))
	if err := private(dir); err != nil {
		return "", fmt.Errorf("no place for the undo journal; set %s to a folder that can be written: %w",
			DirVariable, errors.Join(tried, err))
	}
	return dir, nil
}

func stateHome() (string, error) {
	// The specification has relative paths ignored.
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tertium"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "tertium"), nil
}

// private makes sure that a folder is there and that nobody else can write to
// it: what others put in a journal would be killed or removed.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("looking at the state folder: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("the state folder %s is open to other users: %w", dir, err)
	}
	return nil
}
