package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// chain is the hash chain over the lines of a sealed history. The head after
// line i is H(i) = SHA-256(H(i-1) ‖ line i), where H before the first line is 32
// zero bytes and a line is taken without its newline and its own "chain" field.
type chain struct {
	head [sha256.Size]byte
	// work and stated are room to work in.
	work, stated []byte
}

// link adds a line.
func (c *chain) link(line []byte) {
	c.work = append(append(c.work[:0], c.head[:]...), line...)
	c.head = sha256.Sum256(c.work)
}

// locatorBytes is how much of a head each line but the last carries. It locates
// a change; proof that there is none is the whole head, kept elsewhere.
const locatorBytes = 8

const chainField = `,"chain":"`

// appendLocator appends to dst the object that was linked last, with the first
// n bytes of the head as its field "chain".
func (c *chain) appendLocator(dst, line []byte, n int) []byte {
	dst = append(dst, line[:len(line)-1]...)
	dst = append(dst, chainField...)
	dst = hex.AppendEncode(dst, c.head[:n])
	return append(dst, `"}`...)
}

// check links a line that carries n bytes of its head and reports whether they
// agree. It returns the line without them, in place of the line given.
func (c *chain) check(line []byte, n int) (bare []byte, intact bool) {
	start := len(line) - len(chainField) - hex.EncodedLen(n) - len(`"}`)
	if start < 1 {
		return line, false
	}
	c.stated = append(c.stated[:0], line[start:]...)
	bare = append(line[:start], '}')
	c.link(bare)
	// The line ended with what appendLocator adds to it now, or was altered.
	c.work = c.appendLocator(c.work[:0], bare, n)
	return bare, bytes.Equal(c.stated, c.work[start:])
}

// ChainError says that a sealed history is not as it was sealed.
type ChainError struct {
	// File is the file's path.
	File string
	// Line is the first line that does not fit, from 1. Nothing before it was
	// altered.
	Line int
	// Index is the index of the event on that line, or -1 if it holds none.
	Index int
	// Reason says what does not fit.
	Reason string
}

// Error is "file:line: reason".
func (e *ChainError) Error() string {
	where := fmt.Sprintf("line %d", e.Line)
	if e.File != "" {
		where = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Index >= 0 {
		where += fmt.Sprintf(" (event %d)", e.Index)
	}
	return where + ": " + e.Reason
}
