package conservation

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// tape records the events of a history, at one node and one account.
type tape struct{ events []history.Event }

func (p *tape) call(process int, e history.Event) {
	e.Process = process
	p.events = append(p.events, e)
}

func (p *tape) deposit(process int, key string, amount int64) {
	p.call(process, history.Event{Kind: history.Invoke, F: "deposit", Key: "t/a", Idem: "t/deposit/" + key, Value: map[string]any{
		"tenant": "t", "account": "a", "amount": amount,
	}})
}

// done answers a deposit.
func (p *tape) done(process int, id, balance int64) {
	p.reply(process, "deposit", map[string]any{"id": id, "balance": balance})
}

func (p *tape) read(process int, f string) {
	p.call(process, history.Event{Kind: history.Invoke, F: f, Key: "t", Node: "n1"})
}

func (p *tape) reply(process int, f string, value any) {
	p.call(process, history.Event{Kind: history.Complete, F: f, Outcome: history.OK, Value: value})
}

func (p *tape) balance(process int, balance int64) {
	p.reply(process, "accounts", []any{map[string]any{"account": "a", "balance": balance}})
}

func (p *tape) requireSamePrefixes(t *testing.T) {
	t.Helper()
	h := history.New(p.events)
	require.NoError(t, h.Validate())
	require.Equal(t, verdict.Invalid, check(h).Verdict)
	requireSamePrefixes(t, 0, h)
}

func deposited(id int64, key string, amount int64) any {
	return map[string]any{"id": id, "operation": "deposit", "key": key, "account": "a", "amount": amount}
}

func TestMonitorWaitsForTheReadingThatWasCalledFirst(t *testing.T) {
	var p tape
	p.deposit(0, "k1", 1)
	p.done(0, 1, 1)
	p.call(history.NoProcess, history.Event{Kind: history.Phase, F: "final"})
	p.deposit(1, "k2", 2)
	p.read(2, "accounts")
	p.balance(2, 3)
	p.read(3, "entries")
	p.read(4, "entries")
	p.done(1, 2, 3)
	p.reply(4, "entries", []any{deposited(1, "k1", 1), deposited(2, "k2", 2)})
	p.reply(3, "entries", []any{deposited(1, "k1", 1)})
	p.requireSamePrefixes(t)
}

// A balance may be excused by an attempt that fails in the end, so that only a
// later one under its key can have had the effect.
func TestMonitorWaitsForAttemptsThatMayFail(t *testing.T) {
	var p tape
	p.deposit(0, "k1", 1)
	p.read(1, "accounts")
	p.balance(1, 1)
	p.deposit(2, "k1", 1)
	p.done(2, 1, 1)
	p.read(3, "entries")
	p.reply(3, "entries", []any{deposited(1, "k1", 1)})
	p.call(0, history.Event{Kind: history.Complete, F: "deposit", Outcome: history.Fail, Error: "refused"})
	p.requireSamePrefixes(t)
}
