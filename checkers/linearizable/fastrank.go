package linearizable

import (
	"errors"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
)

const logRanks = "ranks in a log"

// fastLog decides logs to which every value is appended once.
//
// The longest read is the log, as far as anybody saw it; all others must begin
// it. Answers with an offset place their values too. So every operation has its
// rank. A value that was appended for sure and that nobody saw comes after all
// others; one that was not answered and that nobody saw can be left out. If
// offsets leave blanks between them, such values may be there.
func fastLog() fastChecker {
	return fastChecker{name: logRanks, decide: decideLog}
}

func decideLog(ops []Op) (answer, error) {
	longest := sequence("")
	appends := make(map[sequence]int32, len(ops))
	for i, op := range ops {
		s := op.Step.(logStep)
		if s.code == logRead {
			if len(s.all) > len(longest) {
				longest = s.all
			}
			continue
		}
		if _, again := appends[s.all]; again {
			return answer{}, errors.New("a value is appended more than once")
		}
		appends[s.all] = int32(i)
	}
	p := newPlacement(len(ops))
	for item := range strings.SplitAfterSeq(string(longest), "\n") {
		if item == "" {
			break
		}
		if i, appended := appends[sequence(item)]; !appended || !p.put(i, int64(p.end)) {
			return answer{}, nil
		}
	}
	// Answers with an offset tell places too. They must not contradict the reads
	// or each other.
	for i, op := range ops {
		if s := op.Step.(logStep); s.code == logPlaced && !p.put(int32(i), s.at) {
			return answer{}, nil
		}
	}
	if p.owned < p.end {
		return decidePlaces(ops, p, longest)
	}
	const last = int(^uint(0)>>1) - 1
	ranks := make([]int, len(ops))
	left := make([]bool, len(ops))
	for i, op := range ops {
		s := op.Step.(logStep)
		if s.code == logRead {
			if !strings.HasPrefix(string(longest), string(s.all)) {
				return answer{}, nil
			}
			ranks[i] = 2 * strings.Count(string(s.all), "\n")
			continue
		}
		switch {
		case p.place[i] >= 0:
			ranks[i] = 2*int(p.place[i]) + 1
		case op.Return == Never:
			left[i] = true
		default:
			ranks[i] = last
		}
	}
	return decideRanks(ops, ranks, left)
}

// placement is what is known of the places of appends. There may be blanks:
// places of which it is open who fills them.
type placement struct {
	// place is that of each append, and owner the append of each place, or -1.
	place, owner []int32
	// owned is how many places have an owner, and end the one after the last.
	owned, end int
}

func newPlacement(operations int) *placement {
	both := slices.Repeat([]int32{-1}, 2*operations)
	return &placement{place: both[:operations], owner: both[operations:]}
}

// put says that an append has a place. It returns false if that cannot be.
func (p *placement) put(op int32, at int64) bool {
	if at < 0 || at >= int64(len(p.owner)) {
		return false // no order has so many appends before it
	}
	if p.place[op] == int32(at) {
		return true
	}
	if taken := p.owner[at] >= 0; taken || p.place[op] >= 0 {
		return false
	}
	p.place[op], p.owner[at] = int32(at), op
	p.owned++
	p.end = max(p.end, int(at)+1)
	return true
}

// decidePlaces judges a log with blanks.
func decidePlaces(ops []Op, p *placement, longest sequence) (answer, error) {
	h := &sweep.Places{
		Timeline: timelineOf(ops),
		Read:     make([]bool, len(ops)), Place: make([]int32, len(ops)),
	}
	for i, op := range ops {
		s := op.Step.(logStep)
		if s.code != logRead {
			h.Place[i] = p.place[i]
		} else if strings.HasPrefix(string(longest), string(s.all)) {
			h.Read[i], h.Place[i] = true, int32(strings.Count(string(s.all), "\n"))
		} else {
			return answer{}, nil
		}
	}
	valid, _ := h.Check()
	return answer{valid: valid}, nil
}

// decideRanks judges the operations that are not left out.
func decideRanks(ops []Op, ranks []int, left []bool) (answer, error) {
	var calls, returns, kept, keptRanks []int
	for i, op := range ops {
		if left[i] {
			continue
		}
		kept = append(kept, i)
		keptRanks = append(keptRanks, ranks[i])
		calls = append(calls, op.Call)
		returns = append(returns, op.Return)
	}
	h := &sweep.Ranked{Timeline: sweep.NewTimeline(calls, returns), Rank: keptRanks}
	valid, witness := h.Check()
	for i, op := range witness {
		witness[i] = kept[op]
	}
	return answer{valid: valid, witness: witness}, nil
}

// fastGrowing decides sets that are only added to, every element once, and read
// whole.
//
// Reads of a growing set contain each other. An element was added after the
// last read without it and before the first one with it, so every operation has
// its rank; additions between the same two reads do not see each other.
// Elements that nobody saw are as values in a log.
func fastGrowing() fastChecker {
	return fastChecker{name: "ranks in a growing set", decide: decideGrowing}
}

func decideGrowing(ops []Op) (answer, error) {
	adds := map[sequence]int{}
	var reads []int
	for i, op := range ops {
		switch s := op.Step.(setStep); s.code {
		case setAdd, setAdded:
			if _, again := adds[s.item]; again {
				return answer{}, errors.New("an element is added more than once")
			}
			adds[s.item] = i
		case setRead:
			reads = append(reads, i)
		default:
			return answer{}, errors.New("elements are removed or asked for one by one")
		}
	}
	elements := make([][]string, len(ops))
	for _, i := range reads {
		items := strings.SplitAfter(string(ops[i].Step.(setStep).item), "\n")
		elements[i] = items[:len(items)-1]
	}
	slices.SortStableFunc(reads, func(a, b int) int { return len(elements[a]) - len(elements[b]) })
	const last = int(^uint(0)>>1) - 1
	ranks := make([]int, len(ops))
	left := make([]bool, len(ops))
	for _, i := range adds {
		ranks[i] = last
		left[i] = ops[i].Return == Never
	}
	var before []string
	for level, i := range reads {
		ranks[i] = 2 * level
		if level > 0 && len(before) == len(elements[i]) {
			ranks[i] = ranks[reads[level-1]]
		}
		added, contained := difference(elements[i], before)
		if !contained {
			return answer{witness: []int{reads[level-1], i}}, nil
		}
		for _, item := range added {
			add, known := adds[sequence(item)]
			if !known {
				return answer{witness: []int{i}}, nil
			}
			ranks[add], left[add] = ranks[i]-1, false
		}
		before = elements[i]
	}
	return decideRanks(ops, ranks, left)
}

// difference returns what a has and b has not, both sorted, and whether a has
// all that b has.
func difference(a, b []string) (added []string, contained bool) {
	for _, item := range a {
		if len(b) > 0 && b[0] == item {
			b = b[1:]
			continue
		}
		added = append(added, item)
	}
	return added, len(b) == 0
}
