package checktest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/hostile"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Fuzz checks histories made of any bytes, of operations with these functions
// and values that may make no sense, and ones that are no histories at all:
// whatever they are, a checker must come to a verdict, with a reason, and to the
// same one each time.
func Fuzz(f *testing.F, check func(h *history.History) verdict.Report, functions ...string) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{0, 1, 2, 0, 0, 16, 1, 3, 0, 0, 1, 6, 0, 0, 16, 6, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		h := FromBytes(data, functions...)
		require.NoError(t, h.Validate())
		requireReport(t, h, check)
		requireReport(t, hostile.History(hostile.Bytes(data), functions...), check)
	})
}

// requireReport requires what all reports have in common.
func requireReport(t *testing.T, h *history.History, check func(h *history.History) verdict.Report) {
	t.Helper()
	report := check(h)
	require.NotEmpty(t, report.Cause)
	require.Equal(t, report.Verdict == verdict.Invalid, len(report.Findings) > 0)
	require.False(t, report.Verdict == verdict.Valid && report.Judged == 0, "valid without having judged")
	require.Equal(t, report, check(h), "equal histories have equal reports")
}

// FuzzAgree lets the fuzzer choose what [Agree] draws by chance: the histories on
// which a checker and its definition must agree, with counterexamples that stand
// by themselves.
func FuzzAgree(f *testing.F, subjects ...Subject) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{255, 0, 128, 64, 32, 7, 200, 100, 50, 25, 12, 6, 3, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range subjects {
			h := s.Random(Choices(data))
			report := s.agrees(t, h, fmt.Sprintf("%q", data))
			require.Equal(t, report, s.Check(h, s.Rules), "equal histories have equal reports")
			if report.Verdict == verdict.Invalid {
				s.requireWitnesses(t, h, report)
			}
		}
	})
}

// Choices returns a source of random numbers of which each is a byte of the data,
// so that a fuzzer can change one choice at a time, and which goes on by chance
// when they are used up.
func Choices(data []byte) *rand.Rand {
	sum := fnv.New64a()
	_, _ = sum.Write(data) // it never fails
	return rand.New(&choices{data: data, rest: rand.NewPCG(sum.Sum64(), uint64(len(data)))})
}

type choices struct {
	data []byte
	rest *rand.PCG
}

// Uint64 has the byte in all places, because some draws look at high bits and
// some at low ones.
func (c *choices) Uint64() uint64 {
	if len(c.data) == 0 {
		return c.rest.Uint64()
	}
	first := uint64(c.data[0])
	c.data = c.data[1:]
	return first * 0x0101010101010101
}

// FromBytes returns a valid history for any bytes. Each event takes two or more:
// which process and function and what outcome, then a value.
func FromBytes(data []byte, functions ...string) *history.History {
	var events []history.Event
	b := &bytes{data}
	open := make(map[int]string)
	heirs := make(map[int]int)
	for len(b.data) > 0 {
		code := int(b.next())
		worker := code % 4
		process := worker + 4*heirs[worker]
		e := history.Event{Process: process, Time: time.Duration(len(events)/2) * time.Second}
		if f, waiting := open[process]; waiting {
			e.Kind, e.F, e.Outcome = history.Complete, f, history.Outcome(code>>2%3)
			if e.Outcome == history.Unknown {
				heirs[worker]++
			}
			delete(open, process)
		} else {
			e.Kind, e.F = history.Invoke, functions[code>>2%len(functions)]
			open[process] = e.F
		}
		if code >= 250 {
			e.Key = "k"
		}
		e.Value = b.value(0)
		events = append(events, e)
	}
	return history.New(events)
}

type bytes struct{ data []byte }

func (b *bytes) next() byte {
	if len(b.data) == 0 {
		return 0
	}
	first := b.data[0]
	b.data = b.data[1:]
	return first
}

// value draws a value; most are small integers and lists of them.
func (b *bytes) value(depth int) any {
	code := b.next()
	switch {
	case code < 128:
		return int64(code % 8)
	case code < 200 && depth < 4:
		list := make([]any, code%4)
		for i := range list {
			list[i] = b.value(depth + 1)
		}
		return list
	case code < 210 && depth < 4:
		return map[string]any{"0": b.value(depth + 1)}
	case code < 220:
		return [...]any{int64(-1 << 63), int64(1<<63 - 1), 1.5, true, "", "send", "poll"}[code%7]
	case code < 230:
		return [...]any{"send", "poll"}[code%2]
	}
	return nil
}
