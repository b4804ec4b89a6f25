package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// pictureName is how the pictures of a history are called, one of so many.
func pictureName(path string, at, of int) string {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if of > 1 {
		name = fmt.Sprintf("%d-%s", at+1, name)
	}
	return name
}

// drawCycles writes a picture of every finding that is a cycle of transactions
// into a folder: NAME-cycle-1.svg, NAME-cycle-2.svg …, in the order of the
// reports. An empty folder name means that none are wanted.
func drawCycles(folder, name string, reports ...verdict.Report) error {
	if folder == "" {
		return nil
	}
	n := 0
	for _, report := range reports {
		for _, finding := range report.Findings {
			var picture bytes.Buffer
			err := transactional.DrawCycle(&picture, finding)
			if errors.Is(err, transactional.ErrNoCycle) {
				continue
			}
			if err == nil {
				err = os.MkdirAll(folder, 0o700)
			}
			if err == nil {
				n++
				err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-cycle-%d.svg", name, n)), picture.Bytes(), 0o600)
			}
			if err != nil {
				return fmt.Errorf("draw the cycles of %s: %w", name, err)
			}
		}
	}
	return nil
}
