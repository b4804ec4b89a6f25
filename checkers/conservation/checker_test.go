package conservation_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/conservation"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// script builds a history of tenant t, one event a millisecond, one process an
// operation.
type script struct {
	events    []history.Event
	processes int
}

func (s *script) add(e history.Event) {
	e.Time = time.Duration(len(s.events)+1) * time.Millisecond
	s.events = append(s.events, e)
}

func (s *script) op(call, complete history.Event) {
	call.Kind, call.Process = history.Invoke, s.processes
	complete.Kind, complete.Process, complete.F = history.Complete, s.processes, call.F
	s.processes++
	s.add(call)
	s.add(complete)
}

func ok(value any) history.Event { return history.Event{Outcome: history.OK, Value: value} }

func unknown() history.Event { return history.Event{Error: "timeout"} }

func failed(err string) history.Event { return history.Event{Outcome: history.Fail, Error: err} }

func told(id, balance int64) history.Event {
	return ok(map[string]any{"id": id, "balance": balance})
}

func (s *script) deposit(key string, amount int64, complete history.Event) {
	s.op(history.Event{
		F: "deposit", Key: "t/a", Idem: "t/deposit/" + key, Node: "n1",
		Value: map[string]any{"tenant": "t", "account": "a", "amount": amount},
	}, complete)
}

func (s *script) transfer(key string, amount int64, complete history.Event) {
	s.op(history.Event{
		F: "transfer", Key: "t/a", Idem: "t/transfer/" + key, Node: "n1",
		Value: map[string]any{"tenant": "t", "from": "a", "to": "b", "amount": amount},
	}, complete)
}

func (s *script) balance(account string, amount int64) {
	s.op(history.Event{F: "balance", Key: "t/" + account, Node: "n1"}, ok(amount))
}

func (s *script) settle() {
	s.add(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
}

func (s *script) entries(node string, entries ...any) {
	s.op(history.Event{F: "entries", Key: "t", Node: node}, ok(append([]any{}, entries...)))
}

func (s *script) accounts(node string, a, b int64) {
	s.op(history.Event{F: "accounts", Key: "t", Node: node}, ok([]any{
		map[string]any{"account": "a", "balance": a}, map[string]any{"account": "b", "balance": b},
	}))
}

func deposited(id int64, key string, amount int64) map[string]any {
	return map[string]any{"id": id, "operation": "deposit", "key": key, "account": "a", "amount": amount}
}

func transferred(id int64, key string, amount int64) map[string]any {
	return map[string]any{"id": id, "operation": "transfer", "key": key, "from": "a", "to": "b", "amount": amount}
}

func judge(s *script, options ...conservation.Option) verdict.Report {
	return conservation.New(options...).Check(context.Background(), history.New(s.events), verdict.Budget{})
}

func TestAnomalies(t *testing.T) {
	tests := []struct {
		name       string
		anomaly    string
		summary    string
		operations []int
		script     func(s *script)
	}{
		{"half a transfer", "unbalanced", "at n1 account t/b holds 0, but its entries add up to 3, and all balances together are 3 less than was deposited",
			[]int{5, 7}, func(s *script) {
				s.deposit("k1", 10, told(1, 10))
				s.transfer("k2", 3, told(2, 7))
				s.settle()
				s.entries("n1", deposited(1, "k1", 10), transferred(2, "k2", 3))
				s.accounts("n1", 7, 0)
			}},
		{"out of thin air", "unbalanced", "account t/a holds 12, but its entries add up to 10", []int{0, 3, 5}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.settle()
			s.accounts("n1", 12, 0)
			s.entries("n1", deposited(1, "k1", 10))
		}},
		{"on the wrong account", "unbalanced", "though all balances together are what was deposited", []int{3, 5}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.settle()
			s.entries("n1", deposited(1, "k1", 10))
			s.accounts("n1", 9, 1)
		}},
		{"more than all that is under way", "unbalanced", "account t/a holds 13", []int{5, 7}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.deposit("k2", 2, unknown())
			s.settle()
			s.entries("n1", deposited(1, "k1", 10))
			s.accounts("n1", 13, 0)
		}},
		{"below zero", "negative-balance", "account t/a held -1", []int{0}, func(s *script) {
			s.balance("a", -1)
		}},
		{"acknowledged and lost", "lost-entry", "t/deposit/k1 (entry 1) was acknowledged, but is not in the books of n2", []int{0, 3},
			func(s *script) {
				s.deposit("k1", 10, told(1, 10))
				s.settle()
				s.entries("n2")
			}},
		{"in one node's books and not in another's", "lost-entry", "was in the books, but is not in those of n2", []int{0, 2, 5},
			func(s *script) {
				s.deposit("k1", 10, unknown())
				s.entries("n1", deposited(1, "k1", 10))
				s.settle()
				s.entries("n2")
			}},
		{"in a node's books and then not", "lost-entry", "was in the books of n1 and then was not", []int{0, 2, 4}, func(s *script) {
			s.deposit("k1", 10, unknown())
			s.entries("n1", deposited(1, "k1", 10))
			s.entries("n1")
		}},
		{"nobody's", "phantom-entry", "a key that no operation used", []int{0}, func(s *script) {
			s.entries("n1", deposited(1, "k1", 10))
		}},
		{"failed", "phantom-entry", "either the service or the client's classification is wrong", []int{0, 2}, func(s *script) {
			s.deposit("k1", 10, failed("timeout"))
			s.entries("n1", deposited(1, "k1", 10))
		}},
		{"before it was asked for", "phantom-entry", "before any attempt", []int{0, 2}, func(s *script) {
			s.entries("n1", deposited(1, "k1", 10))
			s.deposit("k1", 10, unknown())
		}},
		{"twice", "repeated-entry", "the books hold t/deposit/k1 (entry 1) twice", []int{0, 2}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.entries("n1", deposited(1, "k1", 10), deposited(1, "k1", 10))
		}},
		{"not the same everywhere", "divergent-entry", "is not the same in the books of n2 as elsewhere", []int{0, 2}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.entries("n2", deposited(1, "k1", 11))
		}},
		{"too much", "balance-too-high", "t/a was told to hold 11, but can have held 10 at most", []int{2}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.balance("a", 11)
		}},
		{"too little", "balance-too-low", "t/a was told to hold 9, but must have held 10 at least", []int{0, 2}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.balance("a", 9)
		}},
		{"a debit forgotten", "balance-too-high", "t/a was told to hold 10, but can have held 7 at most", []int{2, 4}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.transfer("k2", 3, told(2, 7))
			s.balance("a", 10)
		}},
		{"a reply that forgets its own effect", "balance-too-high", "t/a was told to hold 10", []int{2}, func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.transfer("k2", 3, told(2, 10))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s script
			test.script(&s)
			report := judge(&s)
			require.Equal(t, verdict.Invalid, report.Verdict)
			require.Len(t, report.Findings, 1, "%v", report.Findings)
			finding := report.Findings[0]
			require.Equal(t, test.anomaly, finding.Anomaly)
			require.Contains(t, finding.Summary, test.summary)
			require.Equal(t, finding.Summary, report.Cause)
			require.Equal(t, test.operations, finding.Operations)
			require.GreaterOrEqual(t, len(finding.Steps), len(finding.Operations))
			require.Contains(t, finding.Operations, finding.Culprit)
		})
	}
}

// What looks odd and is legal.
func TestLegal(t *testing.T) {
	tests := []struct {
		name   string
		script func(s *script)
	}{
		{"an ambiguous transfer comes between the entries and the accounts", func(s *script) {
			s.transfer("k2", 3, unknown())
			s.settle()
			s.entries("n1", deposited(1, "k1", 10))
			s.accounts("n1", 7, 3)
		}},
		{"and between two pages of the accounts", func(s *script) {
			s.transfer("k2", 3, unknown())
			s.settle()
			s.entries("n1", deposited(1, "k1", 10))
			s.accounts("n1", 10, 3)
			s.entries("n1", deposited(1, "k1", 10), transferred(2, "k2", 3))
		}},
		{"a copy of what was turned away", func(s *script) {
			s.transfer("k2", 3, failed("no-leader"))
			s.settle()
			s.entries("n1", deposited(1, "k1", 10), transferred(2, "k2", 3))
			s.accounts("n1", 7, 3)
		}},
		{"two effects of one key, which others judge", func(s *script) {
			s.deposit("k3", 1, told(2, 11))
			s.settle()
			s.entries("n1", deposited(1, "k1", 10), deposited(2, "k3", 1), deposited(3, "k3", 1))
			s.accounts("n1", 12, 0)
		}},
		{"a transfer to itself", func(s *script) {
			input := map[string]any{"tenant": "t", "from": "a", "to": "a", "amount": int64(4)}
			s.op(history.Event{F: "transfer", Key: "t/a", Idem: "t/transfer/k4", Value: input}, told(2, 10))
			s.balance("a", 10)
			s.settle()
			s.entries("n1", deposited(1, "k1", 10),
				map[string]any{"id": int64(2), "operation": "transfer", "key": "k4", "from": "a", "to": "a", "amount": int64(4)})
			s.accounts("n1", 10, 0)
		}},
		{"a refused transfer", func(s *script) {
			s.transfer("k2", 30, failed("insufficient-funds"))
			s.settle()
			s.entries("n1", deposited(1, "k1", 10))
			s.accounts("n1", 10, 0)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s script
			s.deposit("k1", 10, told(1, 10))
			test.script(&s)
			report := judge(&s)
			require.Equal(t, verdict.Valid, report.Verdict, "%s %v", report.Cause, report.Findings)
			require.Positive(t, report.Judged)
		})
	}
}

func TestUnknown(t *testing.T) {
	tests := []struct {
		name   string
		cause  string
		script func(s *script)
	}{
		{"empty", "no deposit or transfer was invoked", func(*script) {}},
		{"nothing happened", "nothing to judge", func(s *script) {
			s.deposit("k1", 10, unknown())
			s.settle()
			s.entries("n1")
			s.accounts("n1", 0, 0)
		}},
		{"entries not read", "the entries of t were not read back", func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.settle()
			s.accounts("n1", 10, 0)
		}},
		{"accounts not read", "the accounts of t were not read back", func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.settle()
			s.entries("n1", deposited(1, "k1", 10))
		}},
		{"read too early", "the entries of t were not read back", func(s *script) {
			s.deposit("k1", 10, told(1, 10))
			s.entries("n1", deposited(1, "k1", 10))
			s.accounts("n1", 10, 0)
		}},
		{"no key", "carries no idempotency key", func(s *script) {
			s.op(history.Event{F: "deposit", Value: map[string]any{"tenant": "t", "account": "a", "amount": int64(1)}}, unknown())
		}},
		{"no tenant", "names no tenant", func(s *script) {
			s.op(history.Event{F: "deposit", Idem: "k", Value: map[string]any{"account": "a", "amount": int64(1)}}, unknown())
		}},
		{"no account", "names no account", func(s *script) {
			s.op(history.Event{F: "deposit", Idem: "k", Value: map[string]any{"tenant": "t", "amount": int64(1)}}, unknown())
		}},
		{"half the accounts", "does not name both accounts", func(s *script) {
			s.op(history.Event{F: "transfer", Idem: "k", Value: map[string]any{"tenant": "t", "from": "a", "amount": int64(1)}}, unknown())
		}},
		{"no amount", "amounts are not whole numbers", func(s *script) {
			s.op(history.Event{F: "deposit", Idem: "k", Value: map[string]any{"tenant": "t", "account": "a", "amount": 1.5}}, unknown())
		}},
		{"amounts past all sums", "too large to be added up", func(s *script) {
			s.deposit("k1", math.MaxInt64, unknown())
			s.deposit("k2", 1, unknown())
		}},
		{"a reply without id", "does not tell the id", func(s *script) {
			s.deposit("k1", 10, ok(nil))
		}},
		{"a reply without balance", "it was told no balance", func(s *script) {
			s.deposit("k1", 10, ok(map[string]any{"id": int64(1)}))
		}},
		{"no balance", "it was told no balance", func(s *script) {
			s.op(history.Event{F: "balance", Key: "t/a"}, ok(nil))
		}},
		{"no list", "no list of objects", func(s *script) { s.op(history.Event{F: "accounts", Key: "t"}, ok("what?")) }},
		{"no entry", "no list of objects", func(s *script) { s.entries("n1", "what?") }},
		{"no account row", "no list of objects", func(s *script) { s.op(history.Event{F: "accounts", Key: "t"}, ok([]any{int64(1)})) }},
		{"an account twice", "lists account a twice", func(s *script) {
			row := map[string]any{"account": "a", "balance": int64(0)}
			s.op(history.Event{F: "accounts", Key: "t"}, ok([]any{row, row}))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s script
			test.script(&s)
			report := judge(&s)
			require.Equal(t, verdict.Unknown, report.Verdict)
			require.Contains(t, report.Cause, test.cause)
		})
	}
}

func TestStaleBalances(t *testing.T) {
	var s script
	s.deposit("k1", 10, told(1, 10))
	s.balance("a", 0)
	s.settle()
	s.entries("n1", deposited(1, "k1", 10))
	s.accounts("n1", 10, 0)
	require.Equal(t, verdict.Invalid, judge(&s).Verdict)
	require.Equal(t, verdict.Valid, judge(&s, conservation.StaleBalances()).Verdict)
}

func TestBudget(t *testing.T) {
	var s script
	s.deposit("k1", 10, told(1, 10))
	h := history.New(s.events)
	report := conservation.New().Check(context.Background(), h, verdict.Budget{Memory: 1})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "memory")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report = conservation.New().Check(ctx, h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "allow it more time")
}

// Hostile sizes end soon, and with a verdict.
func TestHostileSizes(t *testing.T) {
	const n = 50_000
	t.Run("all ambiguous", func(t *testing.T) {
		var s script
		var entries []any
		for i := range int64(n) {
			s.deposit(fmt.Sprint("k", i), 1, unknown())
			if i%2 == 0 {
				entries = append(entries, deposited(i, fmt.Sprint("k", i), 1))
			}
		}
		s.settle()
		s.entries("n1", entries...)
		s.accounts("n1", n/2, 0)
		require.Equal(t, verdict.Valid, judge(&s).Verdict)
	})
	t.Run("an account for each operation", func(t *testing.T) {
		var s script
		for i := range n {
			s.balance(fmt.Sprint(i), 0)
		}
		require.Equal(t, verdict.Unknown, judge(&s).Verdict)
	})
	t.Run("one key", func(t *testing.T) {
		var s script
		for range n {
			s.deposit("k", 1, unknown())
		}
		s.deposit("k", 1, told(1, 1))
		s.settle()
		s.entries("n1", deposited(1, "k", 1))
		s.accounts("n1", 1, 0)
		require.Equal(t, verdict.Valid, judge(&s).Verdict)
	})
}
