package totalqueue

import (
	"math/rand/v2"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
)

// dense returns a small history of which nothing is sure.
func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	add := func(op checktest.Op) {
		op.Process = -1
		ops = append(ops, op)
	}
	fresh := int64(0)
	var put []any
	for range r.IntN(4) {
		op := checktest.Op{F: "enqueue", Outcome: checktest.Outcome(r)}
		if fresh == 0 || r.IntN(4) > 0 {
			fresh++
		}
		op.Input = fresh
		if op.Outcome != history.Fail || r.IntN(3) == 0 {
			put = append(put, op.Input)
		}
		add(op)
	}
	// Most of what comes out went in, and most comes out once.
	r.Shuffle(len(put), func(i, j int) { put[i], put[j] = put[j], put[i] })
	draw := func() any {
		if len(put) == 0 || r.IntN(12) == 0 {
			return 1 + r.Int64N(fresh+1)
		}
		value := put[0]
		if r.IntN(6) > 0 {
			put = put[1:]
		}
		return value
	}
	for range r.IntN(4) {
		op := checktest.Op{F: "dequeue", Outcome: checktest.Pick(r, history.OK, history.OK, history.Unknown, history.Unknown, history.Fail)}
		if op.Outcome == history.OK && r.IntN(5) > 0 {
			op.Output = draw()
		}
		add(op)
	}
	for range checktest.Pick(r, 0, 1, 1, 1, 2) {
		op := checktest.Op{F: "drain", Outcome: checktest.Pick(r, history.OK, history.OK, history.OK, history.OK, history.Fail, history.Unknown)}
		if op.Outcome == history.OK {
			list := []any{}
			for range r.IntN(3) {
				list = append(list, draw())
			}
			op.Output = list
		}
		add(op)
	}
	return checktest.Weave(r, ops)
}
