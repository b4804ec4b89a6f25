package linearizable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

// sequence is a list of values in a form that == can compare: the text of each,
// ended by a newline, which texts have none of.
type sequence string

func (s sequence) push(item sequence) sequence { return s + item }

func itemOf(v any) (sequence, error) {
	encoded, err := appendText(nil, v)
	if err != nil {
		return "", err
	}
	return sequence(append(encoded, '\n')), nil
}

func sequenceOf(v any) (sequence, error) {
	if v == nil {
		return "", nil
	}
	list, ok := v.([]any)
	if !ok {
		return "", fmt.Errorf("want a list, not %s", show(v))
	}
	var all strings.Builder
	for _, element := range list {
		item, err := itemOf(element)
		if err != nil {
			return "", err
		}
		all.WriteString(string(item))
	}
	return sequence(all.String()), nil
}

type endCode uint8

const (
	// endPut adds an item; endTake took it away; endEmpty found none; endMaybe
	// took whatever was there, if anything was.
	endPut endCode = iota
	endTake
	endEmpty
	endMaybe
)

// endStep is what was done to a queue or stack.
type endStep struct {
	code endCode
	item sequence
}

// queue is a first-in first-out queue: enqueue, and dequeue answered with a
// value, or with nil if it was empty. A dequeue that failed with the error
// "empty" says the same.
func queue(Options) (Model, error) {
	m := ends("queue", "a first-in first-out queue", "enqueue", "dequeue")
	m.fast = []fastChecker{fastQueue()}
	m.advice = "it is always decided if each value is enqueued once"
	m.columnar = columnEnds(badPatterns, decideQueue)
	m.Apply = func(state, step any) (any, bool) {
		s, held := step.(endStep), state.(sequence)
		switch s.code {
		case endPut:
			return held.push(s.item), true
		case endTake:
			rest, found := strings.CutPrefix(string(held), string(s.item))
			return sequence(rest), found
		case endEmpty:
			return held, held == ""
		}
		_, rest, _ := strings.Cut(string(held), "\n")
		return sequence(rest), true
	}
	return m, nil
}

// stack is a last-in first-out stack: push, and pop answered as a dequeue is.
func stack(Options) (Model, error) {
	m := ends("stack", "a last-in first-out stack", "push", "pop")
	m.fast = []fastChecker{fastStack()}
	m.advice = "it is decided if each value is pushed once, and values are popped at the end until there are none"
	m.columnar = columnEnds(peeling, decideStack)
	m.Apply = func(state, step any) (any, bool) {
		s, held := step.(endStep), state.(sequence)
		switch s.code {
		case endPut:
			return held.push(s.item), true
		case endTake:
			rest, found := strings.CutSuffix(string(held), string(s.item))
			// The item must be the last one, and not the end of the last one.
			return sequence(rest), found && (rest == "" || rest[len(rest)-1] == '\n')
		case endEmpty:
			return held, held == ""
		}
		if held == "" {
			return held, true
		}
		return held[:strings.LastIndexByte(string(held[:len(held)-1]), '\n')+1], true
	}
	return m, nil
}

func ends(name, property, put, take string) Model {
	return Model{
		Name:      name,
		Property:  property,
		Functions: []string{put, take},
		Init:      sequence(""),
		Parse: func(op *history.Operation) (any, error) {
			if op.F == put {
				if op.Outcome == history.Fail {
					return nil, nil
				}
				item, err := itemOf(op.Input)
				return endStep{endPut, item}, err
			}
			switch {
			case op.Outcome == history.Unknown:
				return endStep{code: endMaybe}, nil
			case op.Outcome == history.OK && op.Output == nil,
				op.Outcome == history.Fail && strings.HasPrefix(op.Error, "empty"):
				return endStep{code: endEmpty}, nil
			case op.Outcome == history.Fail:
				return nil, nil
			}
			item, err := itemOf(op.Output)
			return endStep{endTake, item}, err
		},
		ReadOnly: func(step any) bool { return step.(endStep).code == endEmpty },
		prune:    pruneEnds,
		Tell: func(op *history.Operation) string {
			switch {
			case op.F == put && op.Outcome == history.Unknown:
				return "may have done " + put + " " + show(op.Input)
			case op.F == put:
				return "did " + put + " " + show(op.Input)
			case op.Outcome == history.Unknown:
				return "may have done " + take
			case op.Output == nil:
				return "did " + take + " and found nothing"
			}
			return "did " + take + " and got " + show(op.Output)
		},
	}
}

// pruneEnds leaves out what may have been put and was never got. An order can do
// without it, and without the unanswered operation that may have taken it.
func pruneEnds(ops []Op) []Op {
	got := map[sequence]bool{}
	for _, op := range ops {
		if s := op.Step.(endStep); s.code == endTake {
			got[s.item] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(ops), func(op Op) bool {
		s := op.Step.(endStep)
		return s.code == endPut && op.Return == Never && !got[s.item]
	})
}

type logCode uint8

const (
	logRead logCode = iota
	logAppend
	// logPlaced is an append whose answer says where the value went.
	logPlaced
)

type logStep struct {
	code logCode
	all  sequence
	at   int64
}

// appendLog is a list to which values are appended, and that is read whole. An
// append may be answered with {"offset": n}, the number of values before it.
func appendLog(Options) (Model, error) {
	return Model{
		Name:      "log",
		Property:  "an append-only log",
		Functions: []string{"append", "read"},
		Init:      sequence(""),
		Parse:     parseLog,
		Apply: func(state, step any) (any, bool) {
			s, held := step.(logStep), state.(sequence)
			switch s.code {
			case logRead:
				return held, held == s.all
			case logPlaced:
				return held.push(s.all), int64(strings.Count(string(held), "\n")) == s.at
			}
			return held.push(s.all), true
		},
		ReadOnly: func(step any) bool { return step.(logStep).code == logRead },
		fast:     []fastChecker{fastLog()},
		columnar: columnLog(),
		advice:   "it is always decided if each value is appended once",
	}, nil
}

func parseLog(op *history.Operation) (any, error) {
	if op.F == "read" {
		if op.Outcome != history.OK {
			return nil, nil
		}
		all, err := sequenceOf(op.Output)
		return logStep{code: logRead, all: all}, err
	}
	if op.Outcome == history.Fail {
		return nil, nil
	}
	item, err := itemOf(op.Input)
	if err != nil {
		return nil, err
	}
	if answer, ok := op.Output.(map[string]any); ok && op.Outcome == history.OK {
		if offset, ok := answer["offset"].(int64); ok {
			return logStep{code: logPlaced, all: item, at: offset}, nil
		}
	}
	return logStep{code: logAppend, all: item}, nil
}
