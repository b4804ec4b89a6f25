package linearizable

import (
	"fmt"

	"github.com/tertium-dev/tertium/harness/history"
)

type mutexCode uint8

const (
	mutexAcquire mutexCode = iota
	// mutexGrant is an acquisition answered with a fencing token.
	mutexGrant
	mutexRelease
)

type mutexStep struct {
	code  mutexCode
	token int64
}

type mutexState struct {
	held bool
	// token is the last one granted, 0 if none was.
	token int64
}

// mutex is a lock: acquire and release, each legal only when the other was
// last. An acquire may be answered with a fencing token, a positive number that
// must be greater than all before it.
func mutex(Options) (Model, error) {
	return Model{
		Name:      "mutex",
		Property:  "a lock that one holds at a time",
		Functions: []string{"acquire", "release"},
		Init:      mutexState{},
		Parse:     parseMutex,
		Apply: func(state, step any) (any, bool) {
			s, m := step.(mutexStep), state.(mutexState)
			switch s.code {
			case mutexRelease:
				return mutexState{token: m.token}, m.held
			case mutexGrant:
				return mutexState{held: true, token: s.token}, !m.held && s.token > m.token
			}
			return mutexState{held: true, token: m.token}, !m.held
		},
		fast:     []fastChecker{fastMutex(), fastGrants()},
		columnar: columnMutex(),
		advice:   "it is always decided if either all acquisitions are answered with a fencing token or none is",
		Tell: func(op *history.Operation) string {
			switch {
			case op.Outcome != history.OK:
				return "may have done " + op.F
			case op.F == "release":
				return "released it"
			}
			if token, granted := grant(op); granted {
				return fmt.Sprintf("acquired it with token %d", token)
			}
			return "acquired it"
		},
	}, nil
}

func parseMutex(op *history.Operation) (any, error) {
	if op.Outcome == history.Fail {
		return nil, nil
	}
	if op.F == "release" {
		return mutexStep{code: mutexRelease}, nil
	}
	token, granted := grant(op)
	if !granted {
		return mutexStep{code: mutexAcquire}, nil
	}
	if token <= 0 {
		return nil, fmt.Errorf("a fencing token is positive, not %d", token)
	}
	return mutexStep{code: mutexGrant, token: token}, nil
}

// grant returns the fencing token that an acquire was answered with. Clients
// without tokens complete with nil or with what they were invoked with.
func grant(op *history.Operation) (token int64, granted bool) {
	token, granted = op.Output.(int64)
	echo, same := op.Input.(int64)
	return token, granted && op.Outcome == history.OK && !(same && echo == token)
}
