package transactional

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// bytesReader turns bytes into values and choices.
type bytesReader struct{ data []byte }

func (b *bytesReader) next() int {
	if len(b.data) == 0 {
		return 0
	}
	c := b.data[0]
	b.data = b.data[1:]
	return int(c)
}

// value makes any value, mostly one that transactions are made of.
func (b *bytesReader) value(depth int) any {
	switch c := b.next(); c % 12 {
	case 0:
		return nil
	case 1:
		return c%24 == 1
	case 2:
		return float64(c) / 2
	case 3:
		return map[string]any{"k": int64(c)}
	case 4:
		return []string{"r", "append", "w", "txn", ""}[c%5]
	case 5, 6:
		list := []any{}
		for range min(c%5, 4*(4-depth)) {
			list = append(list, b.value(depth+1))
		}
		return list
	default:
		return int64(c % 6)
	}
}

// micro makes a micro-operation that is mostly well formed.
func (b *bytesReader) micro() any {
	c := b.next()
	if c%16 == 15 {
		return b.value(1)
	}
	f := []string{"r", "append", "w"}[c%3]
	parts := []any{f, int64(b.next() % 3)}
	switch {
	case f == "r" && c%2 == 0:
		list := []any{}
		for range b.next() % 4 {
			list = append(list, int64(b.next()%6))
		}
		parts = append(parts, list)
	case c%32 < 30:
		parts = append(parts, int64(b.next()%6))
	}
	return parts
}

// FuzzCheck makes any history, and expects no panic and a report that keeps its
// promises.
func FuzzCheck(f *testing.F) {
	f.Add([]byte("transactions"))
	f.Add([]byte{1, 4, 2, 2, 1, 0, 3, 0, 2, 1, 4, 1, 1, 2, 3, 1, 2, 5, 3, 3, 1, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &bytesReader{data: data}
		var events []history.Event
		open := map[int]bool{}
		retired := map[int]int{}
		for len(b.data) > 0 && len(events) < 60 {
			worker := b.next() % 4
			process := worker + 4*retired[worker]
			e := history.Event{Kind: history.Invoke, F: "txn", Process: process}
			if open[worker] {
				e.Kind, e.Outcome = history.Complete, []history.Outcome{history.OK, history.OK, history.Fail, history.Unknown}[b.next()%4]
				if e.Outcome == history.Unknown {
					retired[worker]++
				}
			}
			open[worker] = !open[worker]
			list := []any{}
			for range b.next() % 4 {
				list = append(list, b.micro())
			}
			if e.Value = list; b.next()%20 == 19 {
				e.Value = b.value(0)
			}
			events = append(events, e)
		}
		h := history.New(events)
		for _, workload := range []Workload{ListAppend, RWRegister} {
			for _, model := range []string{"strict-serializable", "snapshot-isolation"} {
				c, err := New(workload, WithModel(model))
				require.NoError(t, err)
				report := c.Check(context.Background(), h, verdict.Budget{})
				require.NotEmpty(t, report.Cause)
				require.Equal(t, report.Verdict != verdict.Unknown, report.Judged > 0)
				if report.Verdict == verdict.Invalid {
					require.NotEmpty(t, report.Findings)
				}
				for _, finding := range report.Findings {
					require.NotEmpty(t, finding.Operations)
					for _, at := range finding.Operations {
						require.Equal(t, history.Invoke, h.Events[at].Kind)
					}
				}
				require.Equal(t, report, c.Check(context.Background(), h, verdict.Budget{}))
			}
		}
	})
}
