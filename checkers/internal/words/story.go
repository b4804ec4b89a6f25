package words

import (
	"cmp"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Story is a counterexample in the making: operations, each with a sentence.
// Make one with [NewStory].
type Story struct {
	key     string
	lines   []line
	culprit int
}

type line struct {
	call int
	text string
}

// NewStory returns an empty story about a key.
func NewStory(key string) *Story { return &Story{key: key, culprit: -1} }

// Tell adds an operation with a sentence about it.
func (s *Story) Tell(op *history.Operation, sentence string) *Story {
	s.lines = append(s.lines, line{op.Call, sentence})
	return s
}

// Blame names the operation that cannot be explained.
func (s *Story) Blame(op *history.Operation) *Story {
	s.culprit = op.Call
	return s
}

// Finding puts the operations in order of time, each sentence once, and adds
// remarks.
func (s *Story) Finding(summary string, remarks ...string) verdict.Finding {
	slices.SortStableFunc(s.lines, func(a, b line) int { return cmp.Compare(a.call, b.call) })
	f := verdict.Finding{Key: s.key, Summary: summary, Culprit: s.culprit}
	for _, l := range s.lines {
		if !slices.Contains(f.Steps, l.text) {
			f.Steps = append(f.Steps, l.text)
		}
		if !slices.Contains(f.Operations, l.call) {
			f.Operations = append(f.Operations, l.call)
		}
	}
	f.Steps = append(f.Steps, remarks...)
	return f
}
