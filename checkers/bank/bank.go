// Package bank judges transfers between accounts as Jepsen's bank workload does:
// every read must see all accounts, with the same total. A transfer moves money
// in one transaction, so a read that sees another total saw half of one, which
// snapshot isolation forbids.
package bank

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges reads of all accounts. Its zero value is Jepsen's: the first
// read says which accounts there are and what their total is, and no balance may
// be negative.
type Checker struct {
	// Accounts are the accounts; empty for those of the first read.
	Accounts []string
	// Total is the total, if HasTotal is set, and else that of the first read.
	Total    float64
	HasTotal bool
	// NegativeBalances allows them.
	NegativeBalances bool
}

// Name returns "bank".
func (Checker) Name() string { return "bank" }

// What can be wrong with a read.
const (
	unexpectedKey = "unexpected-key"
	nilBalance    = "nil-balance"
	wrongTotal    = "wrong-total"
	negativeValue = "negative-value"
)

// shownPerAnomaly is how many findings of an anomaly are kept. All are counted.
const shownPerAnomaly = 3

// Check judges every read that was answered, by itself: an operation with the
// function "read" whose output is an object from account to balance. It takes
// one pass.
func (c Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "every read of all accounts sees the same total",
		Method:   "the sum of each read",
	}
	if budget.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget.Time)
		defer cancel()
	}
	if err := h.Validate(); err != nil {
		report.Cause = "not judged: " + err.Error()
		return report
	}
	j := judge{checker: c, counts: make(map[string]int)}
	operations := h.Operations()
	// The read that was answered first sets what there is to expect.
	slices.SortStableFunc(operations, func(a, b history.Operation) int { return compare(a.Return, b.Return) })
	for i := range operations {
		op := &operations[i]
		if op.F != "read" || op.Outcome != history.OK {
			continue
		}
		if ctx.Err() != nil {
			report.Cause = "the time was used up; allow it more"
			return report
		}
		if reason := j.read(op); reason != "" {
			report.Cause = fmt.Sprintf("not judged: the read called at event %d %s", op.Call, reason)
			return report
		}
	}
	j.conclude(&report)
	return report
}

func compare(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

type judge struct {
	checker  Checker
	accounts map[string]bool
	total    float64
	reads    int
	counts   map[string]int
	findings []verdict.Finding
	low      float64
	high     float64
}

// read judges a read, or returns what is wrong with its form.
func (j *judge) read(op *history.Operation) (reason string) {
	balances, ok := op.Output.(map[string]any)
	if !ok {
		return "was answered with something other than an object from account to balance"
	}
	names := slices.Sorted(maps.Keys(balances))
	var unexpected, empty, negative []string
	sum := 0.0
	for _, name := range names {
		switch balance, kind := number(balances[name]); kind {
		case isNil:
			empty = append(empty, name)
		case isNumber:
			sum += balance
			if balance < 0 {
				negative = append(negative, name)
			}
		default:
			return fmt.Sprintf("has a balance of %s that is no number", name)
		}
	}
	if j.accounts == nil {
		j.expect(names, sum)
	}
	for _, name := range names {
		if !j.accounts[name] {
			unexpected = append(unexpected, name)
		}
	}
	j.reads++
	j.low, j.high = min(j.low, sum), max(j.high, sum)
	switch {
	case len(unexpected) > 0:
		j.add(op, unexpectedKey, unexpected[0], "a read saw the accounts %s, which there should not be", strings.Join(unexpected, ", "))
	case len(empty) > 0:
		j.add(op, nilBalance, empty[0], "a read saw no balance of %s", strings.Join(empty, ", "))
	case sum != j.total:
		j.add(op, wrongTotal, "", "a read saw %v in all, and there should always be %v", sum, j.total)
	case len(negative) > 0 && !j.checker.NegativeBalances:
		j.add(op, negativeValue, negative[0], "a read saw a negative balance of %s", strings.Join(negative, ", "))
	}
	return ""
}

// expect sets what reads should see.
func (j *judge) expect(names []string, sum float64) {
	if len(j.checker.Accounts) > 0 {
		names = j.checker.Accounts
	}
	j.accounts = make(map[string]bool)
	for _, name := range names {
		j.accounts[name] = true
	}
	j.total = sum
	if j.checker.HasTotal {
		j.total = j.checker.Total
	}
	j.low, j.high = math.Inf(1), math.Inf(-1)
}

func (j *judge) add(op *history.Operation, anomaly, key, format string, args ...any) {
	j.counts[anomaly]++
	if j.counts[anomaly] > shownPerAnomaly {
		return
	}
	j.findings = append(j.findings, verdict.Finding{
		Anomaly: anomaly, Key: key, Summary: fmt.Sprintf(format, args...),
		Operations: []int{op.Call}, Culprit: op.Call,
	})
}

func (j *judge) conclude(report *verdict.Report) {
	if j.reads == 0 {
		report.Cause = "nothing to judge: no read was answered"
		return
	}
	report.Judged = j.reads
	report.Findings = j.findings
	report.Figures = []verdict.Figure{
		{Name: "reads", Value: float64(j.reads), Unit: "ops"},
		{Name: "lowest total", Value: j.low},
		{Name: "highest total", Value: j.high},
	}
	wrong := 0
	for _, anomaly := range []string{unexpectedKey, nilBalance, wrongTotal, negativeValue} {
		if n := j.counts[anomaly]; n > 0 {
			wrong += n
			report.Figures = append(report.Figures, verdict.Figure{Name: anomaly, Value: float64(n), Unit: "ops"})
		}
	}
	if wrong > 0 {
		report.Verdict = verdict.Invalid
		report.Cause = fmt.Sprintf("%d of %d reads are wrong; %s", wrong, j.reads, j.findings[0].Summary)
		return
	}
	report.Verdict = verdict.Valid
	report.Cause = fmt.Sprintf("%d reads saw %v in all", j.reads, j.total)
}

type kind uint8

const (
	isOther kind = iota
	isNil
	isNumber
)

func number(value any) (float64, kind) {
	switch value := value.(type) {
	case nil:
		return 0, isNil
	case int64:
		return float64(value), isNumber
	case float64:
		return value, isNumber
	}
	return 0, isOther
}
