package transactional

// sessions finds violations of the guarantees that a process has for each key by
// itself (Terry et al. 1994): what it reads of a list never gets shorter, and
// has all that it appended before; and it appends after all that it has appended
// or read before. Those about several keys are cycles.
func (l *lists) sessions() bool {
	s := session{lists: l, states: make([]sessionState, len(l.columns.Processes))}
	for key := range uint32(len(l.keys)) {
		s.walk(key)
	}
	return true
}

type session struct {
	*lists
	states []sessionState
}

// sessionState is what a process has done with a key: how much of the list it
// has read, and where its last append is, as the version that it made, each with
// the transaction.
type sessionState struct {
	stamp            uint32
	read, wrote      uint32
	reader, appender uint32
}

func (s *session) walk(key uint32) {
	accesses := s.of(key)
	for len(accesses) > 0 {
		n := 1
		for n < len(accesses) && accesses[n].txn == accesses[0].txn {
			n++
		}
		if t := accesses[0].txn; s.present(t) {
			state := &s.states[s.process[t]]
			if state.stamp != key+1 {
				*state = sessionState{stamp: key + 1, reader: none, appender: none}
			}
			// What a transaction did itself is no earlier one's.
			before := *state
			for i := range accesses[:n] {
				s.step(key, &accesses[i], &before, state)
			}
		}
		accesses = accesses[n:]
	}
}

// step compares an access with what the process did before its transaction.
func (s *session) step(key uint32, a *access, before, state *sessionState) {
	// Elements that nobody saw come last; what is disputed says nothing.
	if a.at == disordered || !a.write && a.at > s.base[key+1]-s.base[key] {
		return
	}
	if a.write {
		if before.appender != none && a.at != none && before.wrote > a.at {
			s.found.session(monotonicWrites, key, before.appender, a.txn)
		}
		if before.reader != none && a.at != none && before.read >= a.at {
			s.found.session(writesFollowReads, key, before.reader, a.txn)
		}
		if state.appender == none || a.at > state.wrote {
			state.wrote, state.appender = a.at, a.txn
		}
		return
	}
	if before.appender != none && before.wrote > a.at {
		s.found.session(readYourWrites, key, before.appender, a.txn)
	}
	if before.reader != none && before.read > a.at {
		s.found.session(monotonicReads, key, before.reader, a.txn)
	}
	if state.reader == none || a.at > state.read {
		state.read, state.reader = a.at, a.txn
	}
}
