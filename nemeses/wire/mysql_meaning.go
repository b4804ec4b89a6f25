package wire

import "strings"

// Repeatable is false: a statement is done as often as it comes.
func (MySQL) Repeatable([]byte) bool { return false }

// Acknowledged reports whether the reply says that a change was committed: rows
// were changed or the statement is a COMMIT, nothing failed, and the server is in
// no transaction any more.
func (MySQL) Acknowledged(request, reply []byte) bool {
	if len(request) < mysqlHead {
		return false
	}
	changed := false
	switch request[3] {
	case 0:
		command, text := mysqlCommand(request)
		if command != comQuery && command != comStmtExecute && command != comStmtBulk {
			return false
		}
		changed = command == comQuery && mysqlCommits(text)
	case 2: // a file
	default:
		return false
	}
	r := mysqlReader{rest: reply}
	state := uint16(moreResults)
	for state&moreResults != 0 {
		p, _, err := readMySQLPacket(r.rest)
		switch {
		case err != nil || len(p.body) == 0 || p.body[0] == saysError || p.body[0] == asksFile:
			return false
		case p.body[0] == saysOK:
			ok, err := readMySQLOK(p)
			if err != nil {
				return false
			}
			changed = changed || ok.affected > 0
		}
		if state, err = r.result(); err != nil {
			return false
		}
	}
	return changed && state&inTransaction == 0
}

// mysqlCommits reports whether a statement is a COMMIT.
func mysqlCommits(text []byte) bool {
	head := string(text[:min(len(text), 64)])
	word, _, _ := strings.Cut(strings.TrimLeft(head, " \t\r\n"), " ")
	return strings.EqualFold(strings.TrimRight(word, "; \t\r\n"), "COMMIT")
}

// Cuttable is true: every packet says how long it is, and how many there are.
func (MySQL) Cuttable(_, _ []byte) bool { return true }
