package linearizable

import (
	"fmt"

	"github.com/tertium-dev/tertium/harness/history"
)

// accuseRegister says which value an operation should not have seen.
func accuseRegister(ops []Op, culprit int) string {
	op := ops[culprit]
	saw, ok := sawOf(op.Step.(registerStep))
	if !ok {
		return ""
	}
	who := fmt.Sprintf("%s%s by process %d", op.F, ofKey(op.Key), op.Process)
	did := "returned " + show(saw)
	if op.F == "cas" && op.Outcome == history.Fail {
		did = "failed, having seen " + show(saw)
	} else if op.F == "cas" {
		did = "replaced " + show(saw)
	}
	written, since := false, ""
	for i, other := range ops {
		if i == culprit {
			continue
		}
		s := other.Step.(registerStep)
		writes := s.code == registerWrite || s.code == registerCAS
		written = written || writes && s.value == saw
		if other.Return > op.Call {
			continue
		}
		switch {
		case writes && s.value != saw:
			since = show(s.value) + " had been written"
		case s.code == registerRead && s.value != saw:
			since = show(s.value) + " had been read"
		}
	}
	switch {
	case !written && saw != nil && len(ops) == 1:
		return fmt.Sprintf("%s %s, which nobody had written", who, did)
	case since != "":
		return fmt.Sprintf("%s %s, but %s before it began", who, did, since)
	}
	return ""
}

// sawOf returns the value that a step found in the register.
func sawOf(s registerStep) (any, bool) {
	switch s.code {
	case registerRead:
		return s.value, true
	case registerCAS:
		return s.old, true
	}
	return nil, false
}

func ofKey(key string) string {
	if key == "" {
		return ""
	}
	return " of " + key
}
