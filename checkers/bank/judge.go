package bank

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// What can be wrong with a read.
const (
	unexpectedKey = "unexpected-key"
	nilBalance    = "nil-balance"
	wrongTotal    = "wrong-total"
	negativeValue = "negative-value"
)

// none is no operation.
const none = -1

// judge judges the reads of a history.
type judge struct {
	Checker
	ops      []history.Operation
	found    *findings.Set
	accounts map[string]bool
	total    total
	// first is the read that was answered first, of those that can be read.
	first     int32
	reads     int
	low, high total
	doubts    []string
}

func (c Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	j := &judge{Checker: c, ops: ops, first: none, found: findings.New(unexpectedKey, nilBalance, wrongTotal, negativeValue)}
	var reads []int32
	for i := range ops {
		if ops[i].F == "read" && ops[i].Outcome == history.OK {
			reads = append(reads, int32(i))
		}
	}
	// The read that was answered first sets what there is to expect.
	slices.SortFunc(reads, func(a, b int32) int { return cmp.Compare(ops[a].Return, ops[b].Return) })
	for n, at := range reads {
		if n%judgement.Poll == 0 && ctx.Err() != nil {
			break
		}
		if reason := j.read(at); reason != "" {
			j.doubts = append(j.doubts, fmt.Sprintf("the read at event %d %s", ops[at].Call, reason))
		}
	}
	return j.judgement(), ctx.Err()
}

func (j *judge) judgement() judgement.Judgement {
	result := judgement.Judgement{
		Judged: j.reads, Found: j.found, Doubts: j.doubts,
		Figures: []verdict.Figure{judgement.Operations("reads", j.reads)},
	}
	if j.reads == 0 {
		result.Doubts = append(result.Doubts, "no read was answered with balances")
		return result
	}
	result.Covered = fmt.Sprintf("%d reads saw %v in all", j.reads, j.total)
	result.Figures = append(result.Figures,
		verdict.Figure{Name: "lowest total", Value: j.low.float()}, verdict.Figure{Name: "highest total", Value: j.high.float()})
	return result
}

// read judges a read, or returns what is wrong with its form.
func (j *judge) read(at int32) (reason string) {
	balances, ok := j.ops[at].Output.(map[string]any)
	if !ok {
		return "was answered with something other than an object from account to balance"
	}
	names := slices.Sorted(maps.Keys(balances))
	var unexpected, empty, negative []string
	var sum total
	for _, name := range names {
		if balances[name] == nil {
			empty = append(empty, name)
			continue
		}
		balance, ok := number(balances[name])
		if !ok {
			return fmt.Sprintf("has a balance of %s that is no number", name)
		}
		sum = sum.plus(balance)
		if balance.compare(total{}) < 0 {
			negative = append(negative, name)
		}
	}
	if j.first == none {
		j.expect(at, names, sum)
	}
	for _, name := range names {
		if !j.accounts[name] {
			unexpected = append(unexpected, name)
		}
	}
	j.reads++
	if sum.compare(j.low) < 0 {
		j.low = sum
	}
	if sum.compare(j.high) > 0 {
		j.high = sum
	}
	checked := func(rule rules) bool { return j.without&rule == 0 }
	switch {
	case len(unexpected) > 0 && checked(ruleAccounts):
		j.blame(unexpectedKey, unexpected[0], at, len(j.Accounts) == 0,
			"a read saw the accounts %s, which there should not be", strings.Join(unexpected, ", "))
	case len(empty) > 0 && checked(ruleBalances):
		j.blame(nilBalance, empty[0], at, false, "a read saw no balance of %s", strings.Join(empty, ", "))
	case sum.compare(j.total) != 0 && checked(ruleTotal):
		j.blame(wrongTotal, "", at, !j.HasTotal, "a read saw %v in all, and there should always be %v", sum, j.total)
	case len(negative) > 0 && !j.NegativeBalances && checked(ruleNegative):
		j.blame(negativeValue, negative[0], at, false, "a read saw a negative balance of %s", strings.Join(negative, ", "))
	}
	return ""
}

// expect sets what reads should see.
func (j *judge) expect(first int32, names []string, sum total) {
	if len(j.Accounts) > 0 {
		names = j.Accounts
	}
	j.first, j.accounts = first, make(map[string]bool)
	for _, name := range names {
		j.accounts[name] = true
	}
	j.total, j.low, j.high = sum, sum, sum
	if given, ok := number(j.Total); ok && j.HasTotal {
		j.total = given
	}
}

// blame adds a read that is wrong, and the first one if it is wrong only beside
// that.
func (j *judge) blame(anomaly, account string, at int32, beside bool, format string, args ...any) {
	j.found.Add(anomaly, func() verdict.Finding {
		ops := []int32{at}
		if beside {
			ops = append(ops, j.first)
		}
		return judgement.Witness(account, j.ops, ops, fmt.Sprintf(format, args...))
	})
}
