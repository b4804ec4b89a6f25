package wire

import (
	"bytes"
	"slices"
)

// Repeatable is false: PostgreSQL promises to do a statement as often as it
// comes.
func (Postgres) Repeatable([]byte) bool { return false }

// changing are the first words of the tags of commands that change something, or
// make it last.
var changing = []string{"INSERT", "UPDATE", "DELETE", "MERGE", "COMMIT", "COPY", "PREPARE"}

// Acknowledged reports whether the reply says that a change was committed: a
// command that changes something was completed, nothing failed, and the server is
// in no transaction any more.
func (Postgres) Acknowledged(_, reply []byte) bool {
	changed := false
	for len(reply) > 0 {
		kind, n, err := message(reply)
		if err != nil || n == 0 {
			return false
		}
		body := reply[5:n]
		reply = reply[n:]
		switch kind {
		case 'E':
			return false
		case 'C':
			word, _, _ := bytes.Cut(bytes.TrimRight(body, "\x00"), []byte(" "))
			changed = changed || slices.Contains(changing, string(word))
		case 'Z':
			return changed && len(body) == 1 && body[0] == 'I'
		}
	}
	return false
}

// Cuttable is true: every message says where it ends.
func (Postgres) Cuttable(_, _ []byte) bool { return true }
