package transactional

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// crowd draws a strictly serializable history of registers, too long for the
// twin, with many writes whose order nobody saw.
func crowd(r *rand.Rand) scenario {
	s := scenario{workload: RWRegister}
	n, clients, lost := 20+r.IntN(60), 2+r.IntN(6), 1+r.IntN(4)
	keys, blind := 1+r.IntN(mostKeys), 1+r.IntN(4)
	names, open := make([]int, clients), make([]int, clients)
	for i := range names {
		names[i], open[i] = i, -1
	}
	var now state
	var late []int
	value, clock := 0, 0
	execute := func(i int) {
		for j := range s.txns[i].steps {
			if m := &s.txns[i].steps[j]; m.write {
				now.apply(*m)
			} else {
				now.saw(s.workload, m)
			}
		}
	}
	executed := make(map[int]bool)
	waiting := 0
	for len(s.txns) < n || waiting > 0 {
		if len(late) > 0 && r.IntN(5) == 0 {
			execute(late[0])
			late = late[1:]
		}
		c := r.IntN(clients)
		if open[c] < 0 && len(s.txns) == n {
			continue
		}
		if open[c] < 0 {
			t := txn{process: names[c], call: clock, outcome: history.OK}
			for range 1 + r.IntN(3) {
				key := r.IntN(keys)
				read := r.IntN(blind) > 0
				if read {
					t.steps = append(t.steps, step{key: key})
				}
				if !read || r.IntN(2) == 0 {
					value++
					t.steps = append(t.steps, step{key: key, write: true, value: value})
				}
			}
			open[c] = len(s.txns)
			s.txns = append(s.txns, t)
			waiting++
			if r.IntN(2) == 0 {
				execute(open[c])
				executed[open[c]] = true
			}
		} else {
			at := open[c]
			t := &s.txns[at]
			t.ret, open[c] = clock, -1
			waiting--
			if r.IntN(10) < lost {
				t.outcome = history.Unknown
				names[c] += clients
			}
			switch {
			case executed[at]:
			case t.outcome == history.OK:
				execute(at)
			default:
				late = append(late, at)
			}
		}
		clock++
	}
	return s
}

// TestPartsAgainstWhole compares a search for an order of writes part by part
// with one in the whole, and with how the history was made.
func TestPartsAgainstWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range max(1_000, histories(1_000)/50) {
		s := crowd(r)
		sound := r.IntN(3) > 0
		if !sound {
			s.corrupt(r)
		}
		view, err := columns.Of(s.history())
		require.NoError(t, err)
		x, err := parse(s.workload, view, 1)
		require.NoError(t, err)
		parts, err := analyse(context.Background(), x)
		require.NoError(t, err)
		if sound && len(parts.found.counts) > 0 {
			t.Fatalf("the definition says that this is legal, not %v:\n%s", parts.found.names(), s)
		}
		if x, err = parse(s.workload, view, 2); err != nil {
			t.Fatal(err)
		}
		whole := &analysis{x: x, found: newFindings(x), undivided: true}
		require.NoError(t, whole.run(context.Background()))
		known, other := parts.standings(), whole.standings()
		for _, level := range levels {
			if known[level] != other[level] && known[level] != unproven && other[level] != unproven {
				t.Fatalf("the definition says one thing or the other about %s: %v, or in the whole %v\n%s", level, known[level], other[level], s)
			}
		}
	}
}
