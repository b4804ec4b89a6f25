package idempotent

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Totals says how to read back a ledger that shows no entries but only what they
// add up to. Which requests a total is made of can be told if each weighs more
// than all lighter ones together whose fate is unknown; a workload that gives its
// requests weights 1, 3, 9, 27, … lets even repetitions be told.
type Totals struct {
	// Weight is what an attempt adds to its scope's total, once done. It is
	// above zero.
	Weight func(attempt *history.Operation) int64
	// Read returns the scope whose total an ok operation shows, or false if it
	// shows none.
	Read func(op *history.Operation) (scope string, total int64, ok bool)
}

// weighed is a key with its weight.
type weighed struct {
	key    int32
	weight int64
}

// readTotal takes in a total as if it had been a read-back of the entries that
// make it up.
//
// The total is that of all keys that must be in it, as they were acknowledged
// before the nodes settled, and of some of those that may be. Of these each
// weighs more than all lighter ones together, so that taking the heaviest that
// fits, one after the other, finds the only choice there is, if there is one.
func (b *books) readTotal(t *table, at int32, total int64) {
	r := &b.reads[at]
	must, may, sum, err := b.parts(t, r)
	if err != nil {
		r.partial = true
		if b.unreadable == nil {
			b.unreadable = fmt.Errorf("the total read at event %d cannot be taken apart: %w", r.call, err)
		}
		return
	}
	rest := total - sum
	chosen := must
	for _, part := range may {
		if part.weight <= rest {
			chosen = append(chosen, part)
			rest -= part.weight
		}
	}
	if rest != 0 {
		b.wrongTotals = append(b.wrongTotals, wrongTotalOf{at, total, append(slices.Clone(must), may...), len(must)})
		r.partial = true
		return
	}
	for _, part := range chosen {
		b.effects++
		b.see(at, part.key, noID, 0)
	}
}

// parts returns the keys that must be in a total, and those that may be, the
// heaviest first, with the sum of the former.
func (b *books) parts(t *table, r *readBack) (must, may []weighed, sum int64, err error) {
	all := int64(0)
	for id := range t.keys {
		k := &t.keys[id]
		if k.scope != r.scope {
			continue
		}
		begun, done := t.span(int32(id))
		if begun >= r.ret {
			continue
		}
		if k.classes > 1 {
			return nil, nil, 0, fmt.Errorf("%s was used with several payloads, so that its weight is not known", t.name(int32(id)))
		}
		part := weighed{int32(id), b.totals.Weight(t.at(t.example(int32(id), 0)))}
		if part.weight <= 0 || part.weight > math.MaxInt64-all {
			return nil, nil, 0, fmt.Errorf("%s weighs %d; weights must be above zero and not too large to be added up", t.name(int32(id)), part.weight)
		}
		all += part.weight
		if done < r.since {
			must = append(must, part)
			sum += part.weight
		} else {
			may = append(may, part)
		}
	}
	byWeight := func(x, y weighed) int { return cmp.Compare(y.weight, x.weight) }
	slices.SortStableFunc(must, byWeight)
	slices.SortStableFunc(may, byWeight)
	if light := heavierThanRest(may, 1); light != none {
		return nil, nil, 0, fmt.Errorf("%s does not weigh more than all lighter keys together whose fate is unknown", t.name(light))
	}
	return must, may, sum, nil
}

// heavierThanRest returns the first key that does not weigh more than so many
// times all lighter ones, or none. The keys are sorted, the heaviest first.
func heavierThanRest(parts []weighed, times int64) int32 {
	lighter := int64(0)
	for _, part := range slices.Backward(parts) {
		if part.weight <= times*lighter {
			return part.key
		}
		lighter += part.weight
	}
	return none
}

// span returns the call of the first attempt that can have done a key's request
// and the first return that acknowledged it, or never.
func (t *table) span(id int32) (begun, done int32) {
	begun, done = never, never
	for at := t.keys[id].first; at != none; at = t.attempts[at].next {
		a := &t.attempts[at]
		if a.mayBeDone() {
			begun = min(begun, a.call)
		}
		if a.kind == acked {
			done = min(done, a.ret)
		}
	}
	return begun, done
}

// wrongTotalOf is a total that no choice of keys adds up to.
type wrongTotalOf struct {
	read  int32
	total int64
	parts []weighed
	// must is how many of the parts had to be in it.
	must int
}

func (j *judge) blameTotal(w wrongTotalOf) {
	j.findings.Add(wrongTotal, func() verdict.Finding {
		r := &j.reads[w.read]
		op := j.at(r.op)
		scope := op.Key
		story := words.NewStory(scope).Tell(op, words.Attempt(op)).Blame(op)
		sum := int64(0)
		for _, part := range w.parts[:w.must] {
			sum += part.weight
		}
		return story.Finding(
			fmt.Sprintf("the total of %s is %d, which no requests that can have been done add up to", scope, w.total),
			append([]string{fmt.Sprintf("%d requests that had to be in it add up to %d, and no choice of the %d whose fate is unknown to the rest",
				w.must, sum, len(w.parts)-w.must)}, j.digits(w)...)...)
	})
}

// digits says how often each key is in a total, where the weights let that be
// told, as far as it is not as it should be.
func (j *judge) digits(w wrongTotalOf) []string {
	parts := slices.Clone(w.parts)
	slices.SortStableFunc(parts, func(x, y weighed) int { return cmp.Compare(y.weight, x.weight) })
	if heavierThanRest(parts, 2) != none {
		return nil
	}
	mustBe := make(map[int32]bool)
	for _, part := range w.parts[:w.must] {
		mustBe[part.key] = true
	}
	var wrong []string
	rest := w.total
	for _, part := range parts {
		count := max(0, rest/part.weight)
		rest -= count * part.weight
		if count > 1 || count == 0 && mustBe[part.key] {
			wrong = append(wrong, fmt.Sprintf("%s %d times", j.name(part.key), count))
		}
	}
	if rest != 0 || len(wrong) == 0 {
		return nil
	}
	return []string{"by the weights, it holds " + strings.Join(wrong, ", ")}
}
