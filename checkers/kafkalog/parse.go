package kafkalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

// unplaced is the offset of a message of which none is known.
const unplaced = -1 << 63

// parsed is what an operation did, in its order.
type parsed struct {
	sends []sending
	polls []polling
}

// sending is one message sent.
type sending struct {
	key    string
	value  any
	offset int64
}

// polling is what one poll was given of one partition.
type polling struct {
	key     string
	entries []entry
}

type entry struct {
	offset int64
	value  any
}

// parse reads an operation; polls of those that are not ok are left out.
func (p *parsed) parse(op *history.Operation) error {
	p.sends, p.polls = p.sends[:0], p.polls[:0]
	if steps, ok := micro(op.Input); ok {
		return p.parseMicro(op, steps)
	}
	switch op.F {
	case "send":
		if op.Input == nil {
			return errors.New("it has no message")
		}
		s := sending{op.Key, op.Input, unplaced}
		if op.Outcome == history.OK {
			offset, err := offsetOf(op.Output)
			if err != nil {
				return err
			}
			s.offset = offset
		}
		p.sends = append(p.sends, s)
	case "poll":
		if op.Outcome != history.OK {
			return nil
		}
		entries, err := entriesOf(op.Output)
		if err != nil {
			return err
		}
		p.polls = append(p.polls, polling{op.Key, entries})
	case "txn":
		return errors.New("it is no list of sends and polls")
	}
	return nil
}

// micro returns the steps of an operation in Jepsen's form.
func micro(input any) ([][]any, bool) {
	list, ok := input.([]any)
	if !ok || len(list) == 0 {
		return nil, false
	}
	steps := make([][]any, 0, len(list))
	for _, step := range list {
		parts, ok := step.([]any)
		if !ok || len(parts) == 0 || !(parts[0] == "poll" || parts[0] == "send" && len(parts) == 3) {
			return nil, false
		}
		steps = append(steps, parts)
	}
	return steps, true
}

func (p *parsed) parseMicro(op *history.Operation, steps [][]any) error {
	if op.Outcome == history.OK {
		done, ok := micro(op.Output)
		if !ok {
			return errors.New("its completion is no list of sends and polls")
		}
		steps = done
	}
	for _, step := range steps {
		switch {
		case step[0] == "send":
			s := sending{keyText(step[1]), step[2], unplaced}
			if op.Outcome == history.OK {
				pair, ok := step[2].([]any)
				if !ok || len(pair) != 2 {
					return errors.New("a send comes back as [offset message]")
				}
				offset, err := offsetOf(step[2])
				if err != nil {
					return err
				}
				s.offset, s.value = offset, pair[1]
			}
			p.sends = append(p.sends, s)
		case op.Outcome == history.OK && len(step) > 1:
			partitions, ok := step[1].(map[string]any)
			if !ok {
				return errors.New("a poll comes back with a map of partitions")
			}
			for _, key := range slices.Sorted(maps.Keys(partitions)) {
				entries, err := entriesOf(partitions[key])
				if err != nil {
					return err
				}
				p.polls = append(p.polls, polling{key, entries})
			}
		}
	}
	return nil
}

// keyText is a partition as the key of a map of a history.
func keyText(key any) string {
	if text, ok := key.(string); ok {
		return text
	}
	text, err := json.Marshal(key)
	if err != nil {
		return fmt.Sprint(key)
	}
	return string(text)
}

// offsetOf reads an offset, nil, or [offset message].
func offsetOf(value any) (int64, error) {
	if pair, ok := value.([]any); ok && len(pair) == 2 {
		value = pair[0]
	}
	switch offset := value.(type) {
	case nil:
		return unplaced, nil
	case int64:
		if offset != unplaced {
			return offset, nil
		}
	}
	return 0, errors.New("its offset is no integer")
}

// entriesOf reads a list of [offset message]. Those without an offset say nothing
// of where they are, and are refused.
func entriesOf(value any) ([]entry, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("it was given no list of [offset message]")
	}
	entries := make([]entry, 0, len(list))
	for _, element := range list {
		pair, ok := element.([]any)
		if !ok || len(pair) != 2 {
			return nil, errors.New("it was given something else than [offset message]")
		}
		offset, ok := pair[0].(int64)
		if !ok || offset == unplaced {
			return nil, errors.New("it was given a message whose offset is no integer")
		}
		entries = append(entries, entry{offset, pair[1]})
	}
	return entries, nil
}
