package setfull

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/bykey"
	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const (
	lost        = "lost-element"
	stale       = "stale-read"
	resurrected = "resurrected-element"
	duplicated  = "duplicated-element"
	unexpected  = "unexpected-element"
	failed      = "failed-element"
	early       = "early-element"
)

// judge judges the sets of a history, one at a time.
type judge struct {
	*Checker
	*reader
	// since is the moment up to which what was known must show in a read.
	since  func(op *history.Operation) int
	found  *findings.Set
	counts counts
	// delays are how long elements that are not lost were lacking, once known.
	delays []time.Duration
}

type counts struct {
	adds, reads, known, looked, neverRead, unsettled, stable, stale, resurrected int
}

func (c *Checker) judge(ctx context.Context, ops []history.Operation, since func(op *history.Operation) int) (judgement.Judgement, error) {
	j := &judge{
		Checker: c,
		reader:  &reader{ops: ops, table: intern.New(len(ops))},
		since:   since,
		found:   findings.New(lost, stale, resurrected, duplicated, unexpected, failed, early),
	}
	groups := bykey.Of(ops, "add", "read")
	if !bykey.Named(groups) {
		return judgement.Judgement{Doubts: []string{
			"some operations name a set and some do not, so it cannot be told which are about the same; name it in all or in none",
		}}, nil
	}
	var doubts []string
	for number := range groups {
		if ctx.Err() != nil {
			break
		}
		s := j.read(int32(number), groups[number].Key, groups[number].Ops)
		doubts = append(doubts, s.doubts...)
		j.judgeSet(ctx, s)
	}
	return j.judgement(doubts), ctx.Err()
}

func (j *judge) judgement(doubts []string) judgement.Judgement {
	n := &j.counts
	if n.unsettled > 0 {
		doubts = append(doubts, fmt.Sprintf(
			"no read that shows all was called after elements were acknowledged: %d of them; read all sets at the end", n.unsettled))
	}
	if n.looked == 0 {
		doubts = append(doubts, "no element was known and then looked for")
	}
	result := judgement.Judgement{
		Judged:  n.adds + n.reads,
		Found:   j.found,
		Doubts:  doubts,
		Covered: fmt.Sprintf("%d elements were known, and %d reads lost none of them", n.known, n.reads),
		Figures: []verdict.Figure{
			judgement.Operations("adds", n.adds), judgement.Operations("reads", n.reads),
			judgement.Count("known", n.known), judgement.Count("stable", n.stable), judgement.Count("never read", n.neverRead),
			judgement.Count("stale", n.stale), judgement.Count("resurrected", n.resurrected),
		},
	}
	if len(j.delays) > 0 {
		slices.Sort(j.delays)
		for _, q := range []struct {
			name  string
			share float64
		}{{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}} {
			at := int(math.Ceil(q.share*float64(len(j.delays)))) - 1
			result.Figures = append(result.Figures, verdict.Figure{Name: "stale for " + q.name, Value: j.delays[at].Seconds(), Unit: "s"})
		}
	}
	return result
}

func (j *judge) judgeSet(ctx context.Context, s *set) {
	// The latest read that shows all is that whose call is last, if any does.
	calls := make([]int, 0, len(s.reads))
	for _, read := range s.reads {
		calls = append(calls, j.ops[read.op].Call)
	}
	latest := -1
	if len(calls) > 0 {
		latest = j.since(&j.ops[s.reads[len(calls)-1].op])
	}
	j.counts.reads += len(s.reads)
	for i := range s.elements {
		if i%judgement.Poll == 0 && ctx.Err() != nil {
			return
		}
		e := &s.elements[i]
		if e.add != none {
			j.counts.adds++
		}
		if e.shown != none {
			j.judgeOrigin(s, e)
		}
		if e.twice != none && j.rules&ruleOnce != 0 {
			j.blameTwice(s, e)
		}
		by, known := j.known(e)
		if by == none {
			continue
		}
		j.counts.known++
		if sort.SearchInts(calls, known) == len(calls) {
			j.counts.neverRead++
		} else {
			j.counts.looked++
		}
		if e.acked != none && latest <= known {
			j.counts.unsettled++
		}
		j.judgeAbsence(s, e, by, known)
	}
}

// judgeOrigin says whether an element that was read had been added.
func (j *judge) judgeOrigin(s *set, e *element) {
	switch {
	case e.add == none && e.failed != none:
		if j.rules&ruleFailed != 0 {
			j.blameFailed(s, e)
		}
	case e.add == none:
		if j.rules&ruleUnexpected != 0 {
			j.blameUnexpected(s, e)
		}
	case j.ops[e.add].Call > j.ops[e.shown].Return:
		if j.rules&ruleEarly != 0 {
			j.blameEarly(s, e)
		}
	}
}

// judgeAbsence says whether an element that was known vanished.
func (j *judge) judgeAbsence(s *set, e *element, by int32, known int) {
	if e.lacking == none || j.ops[e.lacking].Call < known {
		if e.last != none {
			j.counts.stable++
		}
		return
	}
	lacking := &j.ops[e.lacking]
	delay := max(0, lacking.Start-j.ops[by].End)
	if e.acked != none && j.ops[e.acked].Return < j.since(lacking) {
		by = e.acked // it tells more than a read, though it may have come later
	}
	if e.last == none || j.ops[e.last].Return < lacking.Call {
		rule := ruleAckedStays
		if by != e.acked {
			rule = ruleSeenStays
		}
		if j.since(lacking) > known {
			if j.rules&rule != 0 {
				j.blameLost(s, e, by)
			}
			return
		}
		// It may still show up, so it is as stale as one that did.
	} else {
		j.counts.stable++
	}
	j.counts.stale++
	j.delays = append(j.delays, delay)
	seen := e.shown != none && j.ops[e.shown].Return < lacking.Call
	rule := ruleAckedShows
	if by != e.acked {
		rule = ruleSeenShows
	}
	if seen {
		j.counts.resurrected++
	}
	if j.linearizable && j.rules&rule != 0 {
		j.blameStale(s, e, by, seen)
	}
}
