package linearizable

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tertium-dev/tertium/harness/history"
)

type drawer = func(r *rand.Rand, fresh, some func() int64) history.Operation

func ok(f string, input, output any) history.Operation {
	return history.Operation{F: f, Input: input, Output: output, Outcome: history.OK}
}

func failed(f string, input, output any, code string) history.Operation {
	return history.Operation{F: f, Input: input, Output: output, Outcome: history.Fail, Error: code}
}

// few returns one of few values, so that they come again.
func few(r *rand.Rand) int64 { return 1 + r.Int64N(3) }

func drawRegister(r *rand.Rand, fresh, some func() int64) history.Operation {
	switch r.IntN(8) {
	case 0, 1, 2:
		return ok("write", fresh(), nil)
	case 3:
		return ok("read", nil, nil)
	}
	return ok("read", nil, some())
}

func drawFewRegister(r *rand.Rand, _, _ func() int64) history.Operation {
	if r.IntN(2) == 0 {
		return ok("write", few(r), nil)
	}
	return ok("read", nil, few(r))
}

// drawCAS draws compare-and-sets, a part of them refused with what they saw;
// blind refusals only if wanted.
func drawCAS(blind bool, value func(r *rand.Rand, fresh func() int64) int64, old func(r *rand.Rand, some func() int64) int64) drawer {
	return func(r *rand.Rand, fresh, some func() int64) history.Operation {
		switch r.IntN(10) {
		case 0, 1:
			return ok("write", value(r, fresh), nil)
		case 2:
			return ok("read", nil, nil)
		case 3, 4:
			return ok("read", nil, old(r, some))
		case 5:
			expected := old(r, some)
			if blind {
				return failed("cas", []any{expected, value(r, fresh)}, nil, "mismatch")
			}
			return failed("cas", []any{expected, value(r, fresh)}, old(r, some), "mismatch")
		}
		return ok("cas", []any{old(r, some), value(r, fresh)}, nil)
	}
}

func drawUniqueCAS(blind bool) drawer {
	return drawCAS(blind,
		func(_ *rand.Rand, fresh func() int64) int64 { return fresh() },
		func(_ *rand.Rand, some func() int64) int64 { return some() })
}

func drawFewCAS(blind bool) drawer {
	return drawCAS(blind,
		func(r *rand.Rand, _ func() int64) int64 { return few(r) },
		func(r *rand.Rand, _ func() int64) int64 { return few(r) })
}

func drawKV(r *rand.Rand, _, _ func() int64) history.Operation {
	words := []string{"a", "b", "ab", "ba", "aa", "aba"}
	switch r.IntN(7) {
	case 0:
		return ok("put", words[r.IntN(3)], nil)
	case 1, 2:
		return ok("append", words[r.IntN(2)], nil)
	case 3:
		return ok("get", nil, "")
	}
	return ok("get", nil, words[r.IntN(len(words))])
}

func drawFewKV(r *rand.Rand, _, _ func() int64) history.Operation {
	switch r.IntN(4) {
	case 0:
		return ok("put", "b", nil)
	case 1:
		return ok("append", "a", nil)
	}
	return ok("get", nil, []string{"a", "b", "ba", "baa"}[r.IntN(4)])
}

func drawEnds(put, take string, value func(r *rand.Rand, fresh func() int64) int64) drawer {
	return func(r *rand.Rand, fresh, some func() int64) history.Operation {
		switch r.IntN(9) {
		case 0, 1, 2, 3:
			return ok(put, value(r, fresh), nil)
		case 4:
			return ok(take, nil, nil)
		}
		return ok(take, nil, some())
	}
}

func drawFresh(_ *rand.Rand, fresh func() int64) int64 { return fresh() }
func drawAny(r *rand.Rand, _ func() int64) int64       { return few(r) }

// drawUnansweredPops leaves it open what half of the pops removed.
func drawUnansweredPops(r *rand.Rand, fresh, some func() int64) history.Operation {
	switch r.IntN(9) {
	case 0, 1, 2, 3:
		return ok("push", fresh(), nil)
	case 4, 5:
		return unanswered(history.Operation{F: "pop"})
	case 6:
		return ok("pop", nil, nil)
	}
	return ok("pop", nil, some())
}

func drawCounter(step func(r *rand.Rand) int64) drawer {
	return func(r *rand.Rand, _, _ func() int64) history.Operation {
		if r.IntN(2) == 0 {
			return ok("add", step(r), nil)
		}
		return ok("read", nil, r.Int64N(5))
	}
}

func drawMutex(tokens float64) drawer {
	return func(r *rand.Rand, _, _ func() int64) history.Operation {
		switch {
		case r.IntN(2) == 0:
			return ok("release", nil, nil)
		case r.Float64() < tokens:
			return ok("acquire", nil, 1+r.Int64N(4))
		}
		return ok("acquire", nil, nil)
	}
}

func drawSet(blind float64) drawer {
	return func(r *rand.Rand, _, _ func() int64) history.Operation {
		f := []string{"add", "remove", "contains"}[r.IntN(3)]
		answer := any(r.IntN(2) == 0)
		if f != "contains" && r.Float64() < blind {
			answer = nil
		}
		return ok(f, int64(1), answer)
	}
}

func drawReadSet(r *rand.Rand, fresh, _ func() int64) history.Operation {
	if r.IntN(2) == 0 {
		return ok("add", fresh(), nil)
	}
	seen := []any{}
	for v := int64(1); v <= 4; v++ {
		if r.IntN(2) == 0 {
			seen = append(seen, v)
		}
	}
	return ok("read", nil, seen)
}

// drawLog draws appends, a part of them answered with an offset, and reads.
func drawLog(offsets float64, most int64) drawer {
	return func(r *rand.Rand, fresh, _ func() int64) history.Operation {
		switch n := r.IntN(5); {
		case n < 3 && r.Float64() < offsets:
			return ok("append", fresh(), map[string]any{"offset": r.Int64N(most)})
		case n < 3:
			return ok("append", fresh(), nil)
		}
		seen := []any{}
		for _, v := range r.Perm(3)[:r.IntN(4)] {
			seen = append(seen, int64(v)+1)
		}
		if r.IntN(2) == 0 && len(seen) > 1 {
			seen = []any{int64(1), int64(2)}
		}
		return ok("read", nil, seen)
	}
}

func drawMulti(r *rand.Rand, _, _ func() int64) history.Operation {
	var txn []any
	for range 1 + r.IntN(2) {
		f := []string{"r", "w"}[r.IntN(2)]
		value := any(few(r))
		if f == "r" && r.IntN(3) == 0 {
			value = nil
		}
		txn = append(txn, []any{f, r.Int64N(2), value})
	}
	return ok("txn", txn, txn)
}

// drawAlone draws transactions on one register; some contradict themselves.
func drawAlone(r *rand.Rand, fresh, some func() int64) history.Operation {
	read := func(value any) any { return []any{"r", "x", value} }
	write := func(value any) any { return []any{"w", "x", value} }
	var txn []any
	seen, written := some(), fresh()
	switch r.IntN(8) {
	case 0, 1:
		txn = []any{write(written)}
	case 2:
		txn = []any{read(nil), write(written)}
	case 3, 4:
		txn = []any{read(seen), read(seen), write(fresh()), write(fresh())}
	case 5:
		txn = []any{read(seen), write(written), read([]any{written, some()}[r.IntN(2)])}
	default:
		txn = []any{read(seen)}
	}
	return ok("txn", txn, txn)
}

func scenarios(t testing.TB) []scenario {
	initial := Options{Initial: int64(1)}
	one := func(*rand.Rand) int64 { return 1 }
	any := func(r *rand.Rand) int64 { return r.Int64N(5) - 2 }
	return []scenario{
		{"register", named(t, "register", Options{}), drawRegister, 90, 0.9},
		{"register, values come again", named(t, "register", initial), drawFewRegister, 10, 0},
		{"cas-register", named(t, "cas-register", Options{}), drawUniqueCAS(false), 70, 0.9},
		{"cas-register, blind refusals", named(t, "cas-register", Options{}), drawUniqueCAS(true), 20, 0.5},
		{"cas-register, values come again", named(t, "cas-register", initial), drawFewCAS(false), 5, 0},
		{"cas-register, values come again, blind refusals", named(t, "cas-register", initial), drawFewCAS(true), 5, 0},
		{"kv", named(t, "kv", Options{}), drawKV, 80, 0},
		{"kv, few words", named(t, "kv", Options{}), drawFewKV, 10, 0},
		{"kv, values come once", named(t, "kv", Options{}), drawUniqueKV, 10, 0},
		{"queue", named(t, "queue", Options{}), drawEnds("enqueue", "dequeue", drawFresh), 90, 0.9},
		{"queue, values come again", named(t, "queue", Options{}), drawEnds("enqueue", "dequeue", drawAny), 10, 0},
		{"stack", named(t, "stack", Options{}), drawEnds("push", "pop", drawFresh), 70, 0.9},
		{"stack, unanswered pops", named(t, "stack", Options{}), drawUnansweredPops, 20, 0.9},
		{"stack, values come again", named(t, "stack", Options{}), drawEnds("push", "pop", drawAny), 10, 0},
		{"counter", named(t, "counter", Options{}), drawCounter(one), 90, 0.9},
		{"counter, any amounts", named(t, "counter", Options{}), drawCounter(any), 10, 0},
		{"mutex", named(t, "mutex", Options{}), drawMutex(0), 90, 0.9},
		{"mutex, fencing tokens", named(t, "mutex", Options{}), drawMutex(1), 10, 0.9},
		{"set", named(t, "set", Options{}), drawSet(0), 60, 0.9},
		{"set, blind changes", named(t, "set", Options{}), drawSet(0.25), 10, 0.1},
		{"set, read whole", named(t, "set", Options{}), drawReadSet, 30, 0.9},
		{"log", named(t, "log", Options{}), drawLog(0.5, 3), 60, 1},
		{"log, offsets", named(t, "log", Options{}), drawLog(0.9, 5), 40, 1},
		{"multi-register", named(t, "multi-register", Options{}), drawMulti, 80, 0},
		{"multi-register, one by one", named(t, "multi-register", Options{}), drawAlone, 20, 0.9},
	}
}

// drawUniqueKV appends and puts words that come once; a get saw one or two.
func drawUniqueKV(r *rand.Rand, fresh, some func() int64) history.Operation {
	word := func(n int64) string { return fmt.Sprintf("x%d ", n) }
	switch r.IntN(8) {
	case 0:
		return ok("put", word(fresh()), nil)
	case 1, 2, 3:
		return ok("append", word(fresh()), nil)
	case 4:
		return ok("get", nil, word(some())+word(some()))
	}
	return ok("get", nil, word(some()))
}
