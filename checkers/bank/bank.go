// Package bank judges transfers between accounts as Jepsen's bank workload does:
// every read must see all accounts, with the same total. A transfer moves money
// in one transaction, so a read that sees another total saw half of one, which
// snapshot isolation forbids.
//
//	f     value of invocation  value of an ok completion
//	read  anything             an object from account to balance
//
// Other operations are transfers, whatever they are called, and need not be
// judged: none changes what reads must see.
//
// # Why it is exact
//
// Each read must be one that a bank can give: with the accounts that there are,
// with the total that there always is, and with nothing below zero. From such a
// state any other can be reached by transfers, whose outcomes may all be unknown,
// so reads by themselves constrain each other in nothing else. An account that a
// read leaves out counts as empty, as in Jepsen. Sums are those of the numbers
// as they stand in the history, whole or decimal, without rounding. Time is
// linear in what was read.
package bank

import (
	"context"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges reads of all accounts. Its zero value is Jepsen's: the read that
// was answered first says which accounts there are and what their total is, and
// no balance may be negative.
type Checker struct {
	// Accounts are the accounts; empty for those of the first read.
	Accounts []string
	// Total is the total, if HasTotal is set, and else that of the first read.
	Total    float64
	HasTotal bool
	// NegativeBalances allows them.
	NegativeBalances bool

	// without are rules that tests take out.
	without rules
}

// rules are the parts of the property. Tests take them out one by one to see
// that each is needed.
type rules uint32

const (
	// ruleAccounts: no read sees an account that there is not.
	ruleAccounts rules = 1 << iota
	// ruleBalances: each account has a balance.
	ruleBalances
	// ruleTotal: the balances add up to the total.
	ruleTotal
	// ruleNegative: no balance is below zero.
	ruleNegative

	allRules = 1<<iota - 1
)

// Name returns "bank".
func (Checker) Name() string { return "bank" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 192

// Check judges every read that was answered. It is unknown if there is none, and
// if one is something other than an object from account to number.
func (c Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "every read of all accounts sees the same total",
		Method:   "the exact sum of each read",
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}
