// Package lease judges locks that run out: whoever acquires one has it for as
// long as a lease is renewed, and is given a fencing token with it.
//
// Operations, all with the lock as their key:
//
//	f        value of invocation  value of an ok completion
//	acquire  anything             the fencing token, a positive number
//	release  anything             anything
//
// # What it looks for
//
// A token that is given twice, or is not above one that had been given before its
// acquisition began: tokens are then no use to whoever has to tell an old holder
// from a new one.
//
// If it is asked for exclusion, two that hold the lock at once, which no lock that
// runs out can rule out: one may be stopped for as long as its lease lasts, and
// go on as if nothing had happened. A process is sure to take itself for the
// holder from the return of its acquire until it invokes the release; if it never
// does, until it last invokes an operation with that key that only a holder does.
// So whoever else is given the lock between these two events is one holder too
// many. A process that is gone holds nothing, and what has an unknown outcome
// proves nothing.
//
// Time is O(n log n).
package lease

import (
	"context"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges locks by their tokens.
type Checker struct {
	// Exclusion says that no two may hold a lock at once.
	Exclusion bool
	// Held tells of operations, other than release, which only a holder does. Nil
	// is none.
	Held func(*history.Operation) bool
}

// Name returns "lease".
func (Checker) Name() string { return "lease" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 160

// The anomalies, by name.
const (
	twoHolders    = "two-holders"
	repeatedToken = "repeated-token"
	oldToken      = "old-token"
)

// Check judges each lock by itself. It is unknown if none was acquired, or if an
// acquisition was answered without a token.
func (c Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "fencing tokens rise",
		Method:   "each acquisition against those before it, in the order of their returns",
	}
	if c.Exclusion {
		report.Property += ", and one holds each lock at a time"
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}

// hold is an acquisition.
type hold struct {
	// op is the place of the acquire, last that of the operation up to whose
	// call its process took itself for the holder.
	op, last int32
	token    int64
}

// judge goes through the operations of a history.
func (c Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	found := findings.New(twoHolders, repeatedToken, oldToken)
	result := judgement.Judgement{Found: found}
	locks, judged, err := locksOf(ctx, ops, c.held)
	result.Judged = judged
	if err != nil {
		if ctx.Err() == nil {
			result.Doubts, err = append(result.Doubts, err.Error()), nil
		}
		return result, err
	}
	acquired := 0
	for n, lock := range locks {
		if n%judgement.Poll == 0 && ctx.Err() != nil {
			return result, ctx.Err()
		}
		acquired += len(lock)
		slices.SortFunc(lock, func(a, b hold) int { return ops[a.op].Return - ops[b.op].Return })
		tokens(ops, lock, found)
		if c.Exclusion {
			exclusion(ops, lock, found)
		}
	}
	if acquired == 0 {
		result.Doubts = append(result.Doubts, "no lock was acquired")
	}
	result.Covered = fmt.Sprintf("%d acquisitions of %d locks had tokens that rise", acquired, len(locks))
	if c.Exclusion {
		result.Covered += ", and none was given to two at once"
	}
	result.Figures = []verdict.Figure{judgement.Operations("acquisitions", acquired), judgement.Count("locks", len(locks))}
	return result, nil
}

func (c Checker) held(op *history.Operation) bool { return c.Held != nil && c.Held(op) }

// locksOf returns the acquisitions of each lock, and how many operations were
// looked at.
func locksOf(ctx context.Context, ops []history.Operation, held func(*history.Operation) bool) (locks [][]hold, judged int, err error) {
	type holder struct {
		key     string
		process int
	}
	type place struct{ lock, hold int }
	at, open := map[string]int{}, map[holder]place{}
	for i := range ops {
		if i%judgement.Poll == 0 && ctx.Err() != nil {
			return locks, judged, ctx.Err()
		}
		op := &ops[i]
		by := holder{op.Key, op.Process}
		if op.F == "acquire" || op.F == "release" {
			judged++
		}
		if op.F != "acquire" {
			if p, holds := open[by]; holds && (op.F == "release" || held(op)) {
				locks[p.lock][p.hold].last = int32(i)
				if op.F == "release" {
					delete(open, by)
				}
			}
			continue
		}
		delete(open, by)
		if op.Outcome != history.OK {
			continue
		}
		token, isNumber := op.Output.(int64)
		if !isNumber || token <= 0 {
			return locks, judged, fmt.Errorf("the acquire of %s called at event %d was answered without a token, a positive number", op.Key, op.Call)
		}
		lock, known := at[op.Key]
		if !known {
			lock = len(locks)
			at[op.Key], locks = lock, append(locks, nil)
		}
		open[by] = place{lock, len(locks[lock])}
		locks[lock] = append(locks[lock], hold{op: int32(i), last: int32(i), token: token})
	}
	return locks, judged, nil
}

// tokens compares the token of each acquisition with the highest that had been
// given when it began. Holds are in the order of their returns.
func tokens(ops []history.Operation, lock []hold, found *findings.Set) {
	key := ops[lock[0].op].Key
	first := make(map[int64]hold, len(lock))
	for _, h := range lock {
		other, known := first[h.token]
		if !known {
			first[h.token] = h
			continue
		}
		found.Add(repeatedToken, func() verdict.Finding {
			return judgement.Witness(key, ops, []int32{h.op, other.op}, fmt.Sprintf("processes %d and %d acquired %s with the same token %d",
				ops[other.op].Process, ops[h.op].Process, key, h.token))
		})
	}
	byCall := slices.Clone(lock)
	slices.SortFunc(byCall, func(a, b hold) int { return int(a.op - b.op) })
	var highest hold
	returned := 0
	for _, h := range byCall {
		for ; returned < len(lock) && ops[lock[returned].op].Return < ops[h.op].Call; returned++ {
			if lock[returned].token > highest.token {
				highest = lock[returned]
			}
		}
		if before := highest; before.token > h.token {
			found.Add(oldToken, func() verdict.Finding {
				return judgement.Witness(key, ops, []int32{h.op, before.op}, fmt.Sprintf("process %d acquired %s with token %d, after process %d had been given %d",
					ops[h.op].Process, key, h.token, ops[before.op].Process, before.token))
			})
		}
	}
}

// exclusion looks for acquisitions that returned while another process was sure
// to take itself for the holder. Holds are in the order of their returns.
func exclusion(ops []history.Operation, lock []hold, found *findings.Set) {
	// Of those given before, the one that takes itself for the holder longest.
	longest := lock[0]
	for _, h := range lock[1:] {
		if until := ops[longest.last].Call; until > ops[h.op].Return && ops[h.op].Process != ops[longest.op].Process {
			one := longest
			found.Add(twoHolders, func() verdict.Finding {
				return judgement.Witness(ops[h.op].Key, ops, []int32{h.op, one.op, one.last}, fmt.Sprintf(
					"process %d was given %s, token %d, while process %d held it by token %d: from event %d until it did %s at event %d",
					ops[h.op].Process, ops[h.op].Key, h.token, ops[one.op].Process, one.token, ops[one.op].Return, ops[one.last].F, until))
			})
		}
		if ops[h.last].Call > ops[longest.last].Call {
			longest = h
		}
	}
}
