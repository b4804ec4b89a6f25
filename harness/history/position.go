package history

import (
	"bytes"
	"fmt"
)

// SyntaxError says where a file cannot be read as a history, and why.
type SyntaxError struct {
	// File is the file's path, or empty if what was read has none.
	File string
	// Line and Column count from 1; the column counts bytes.
	Line, Column int
	// Reason says what is wrong and what would be right.
	Reason string
}

// Error is "file:line:column: reason".
func (e *SyntaxError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Reason)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Reason)
}

// positionOf turns an offset into a line and a column, both from 1.
func positionOf(data []byte, offset int) (line, column int) {
	before := data[:min(offset, len(data))]
	return bytes.Count(before, []byte{'\n'}) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
