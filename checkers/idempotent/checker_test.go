package idempotent_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/idempotent"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// script builds a history, one event a millisecond, one process an operation.
type script struct {
	events    []history.Event
	processes int
}

func (s *script) add(e history.Event) {
	e.Time = time.Duration(len(s.events)+1) * time.Millisecond
	s.events = append(s.events, e)
}

// begin invokes a deposit under a key and returns what completes it.
func (s *script) begin(key string, amount int64) func(outcome history.Outcome, err string, value any) {
	process := s.processes
	s.processes++
	s.add(history.Event{
		Kind: history.Invoke, Process: process, F: "deposit", Key: "t1/a", Idem: key, Node: "n1",
		Value: map[string]any{"tenant": "t1", "account": "a", "amount": amount},
	})
	return func(outcome history.Outcome, err string, value any) {
		s.add(history.Event{Kind: history.Complete, Process: process, F: "deposit", Outcome: outcome, Error: err, Value: value})
	}
}

func reply(id, amount int64) map[string]any {
	return map[string]any{"id": id, "account": "a", "amount": amount, "balance": amount}
}

func (s *script) ok(key string, amount, id int64) {
	s.begin(key, amount)(history.OK, "", reply(id, amount))
}

func (s *script) fails(key string, amount int64, err string) {
	s.begin(key, amount)(history.Fail, err, nil)
}

func (s *script) unknown(key string, amount int64) {
	s.begin(key, amount)(history.Unknown, "timeout: 500ms", nil)
}

func (s *script) settle() {
	s.add(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
}

func entry(key string, amount, id int64) map[string]any {
	return map[string]any{"id": id, "operation": "deposit", "key": key, "account": "a", "amount": amount}
}

func (s *script) read(node string, entries ...any) {
	s.readBack(node, append([]any{}, entries...))
}

func (s *script) readBack(node string, value any) {
	process := s.processes
	s.processes++
	s.add(history.Event{Kind: history.Invoke, Process: process, F: "entries", Key: "t1", Node: node})
	s.add(history.Event{Kind: history.Complete, Process: process, F: "entries", Outcome: history.OK, Value: value})
}

const (
	k1 = "t1/deposit/k1"
	k2 = "t1/deposit/k2"
)

func judge(s *script, options ...idempotent.Option) verdict.Report {
	return idempotent.New(options...).Check(context.Background(), history.New(s.events), verdict.Budget{})
}

func TestAnomalies(t *testing.T) {
	tests := []struct {
		name    string
		anomaly string
		summary string
		// operations are the witness, by the event indices of its invocations.
		operations []int
		script     func(s *script)
	}{
		{"applied twice", "double-effect", "t1/deposit/k1 had more than one effect: effect 1 and effect 2", []int{0, 3},
			func(s *script) {
				s.ok(k1, 5, 1)
				s.settle()
				s.read("n1", entry("k1", 5, 1), entry("k1", 5, 2))
			}},
		{"another effect elsewhere", "double-effect", "had more than one effect", []int{0, 3, 5}, func(s *script) {
			s.ok(k1, 5, 1)
			s.settle()
			s.read("n1", entry("k1", 5, 1))
			s.read("n2", entry("k1", 5, 2))
		}},
		{"acknowledged and lost", "lost-effect", "t1/deposit/k1 was acknowledged, but its effect is not in the books", []int{0, 3},
			func(s *script) {
				s.ok(k1, 5, 1)
				s.settle()
				s.read("n2")
			}},
		{"seen and gone at its node", "vanished-effect", "was in the books of n1 and then was not", []int{0, 2, 4}, func(s *script) {
			s.unknown(k1, 5)
			s.read("n1", entry("k1", 5, 1))
			s.read("n1")
		}},
		{"seen and gone after settling", "vanished-effect", "was in the books and then was not", []int{0, 2, 5}, func(s *script) {
			s.unknown(k1, 5)
			s.read("n1", entry("k1", 5, 1))
			s.settle()
			s.read("n2")
		}},
		{"nobody's key", "phantom-effect", "a key that no operation used", []int{2}, func(s *script) {
			s.unknown(k1, 5)
			s.read("n1", entry("k9", 5, 1))
		}},
		{"nobody's payload", "phantom-effect", "none of its attempts asked for", []int{0, 2}, func(s *script) {
			s.unknown(k1, 5)
			s.read("n1", entry("k1", 6, 1))
		}},
		{"before its time", "phantom-effect", "before any attempt", []int{0, 2}, func(s *script) {
			s.read("n1", entry("k1", 5, 1))
			s.unknown(k1, 5)
		}},
		{"a client that calls timeouts failures", "failed-effect", "either the service or the client's classification is wrong", []int{0, 3},
			func(s *script) {
				s.fails(k1, 5, "timeout: 500ms")
				s.settle()
				s.read("n1", entry("k1", 5, 1))
			}},
		{"refused and done", "failed-effect", "was refused for good, but it is in the books", []int{0, 2, 4}, func(s *script) {
			s.fails(k1, 5, "insufficient-funds")
			s.unknown(k1, 5)
			s.read("n1", entry("k1", 5, 1))
		}},
		{"two payloads acknowledged", "other-payload-accepted", "accepted with two different payloads", []int{0, 2}, func(s *script) {
			s.ok(k1, 5, 1)
			s.ok(k1, 6, 1)
		}},
		{"one acknowledged and the other done", "other-payload-accepted", "the books hold the effect of another", []int{0, 2, 4},
			func(s *script) {
				s.ok(k1, 5, 1)
				s.unknown(k1, 6)
				s.read("n1", entry("k1", 6, 1))
			}},
		{"another request's reply", "foreign-reply", "it says amount 6, but 5 was asked for", []int{0}, func(s *script) {
			s.begin(k1, 5)(history.OK, "", reply(1, 6))
		}},
		{"another effect's id", "foreign-reply", "was answered with effect 2, but in the books it has effect 1", []int{0, 2},
			func(s *script) {
				s.ok(k1, 5, 2)
				s.read("n1", entry("k1", 5, 1))
			}},
		{"one effect for two keys", "shared-effect", "were both told to be effect 1", []int{0, 2}, func(s *script) {
			s.ok(k1, 5, 1)
			s.ok(k2, 5, 1)
		}},
		{"done and then refused", "answer-changed", "once done and once refused for good", []int{0, 2}, func(s *script) {
			s.ok(k1, 5, 1)
			s.fails(k1, 5, "insufficient-funds")
		}},
		{"refused in two ways", "answer-changed", "refused for two different reasons", []int{0, 2}, func(s *script) {
			s.fails(k1, 5, "balance-limit")
			s.fails(k1, 5, "insufficient-funds")
		}},
		{"another reply", "reply-changed", "answered differently when it was sent again", []int{0, 2}, func(s *script) {
			s.ok(k1, 5, 1)
			changed := reply(1, 5)
			changed["balance"] = int64(99)
			s.begin(k1, 5)(history.OK, "", changed)
		}},
		{"a conflict with nothing", "spurious-conflict", "no other had been sent under this key", []int{0}, func(s *script) {
			s.fails(k1, 5, "conflict")
		}},
		{"a conflict instead of a replay", "spurious-conflict", "its reply should have been replayed", []int{0, 2, 4}, func(s *script) {
			s.unknown(k1, 6)
			s.ok(k1, 5, 1)
			s.fails(k1, 5, "conflict")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s script
			test.script(&s)
			report := judge(&s)
			require.Equal(t, verdict.Invalid, report.Verdict)
			require.Len(t, report.Findings, 1)
			finding := report.Findings[0]
			require.Equal(t, test.anomaly, finding.Anomaly)
			require.Contains(t, finding.Summary, test.summary)
			require.Equal(t, finding.Summary, report.Cause)
			require.Equal(t, test.operations, finding.Operations)
			require.GreaterOrEqual(t, len(finding.Steps), len(finding.Operations))
			if finding.Anomaly != "shared-effect" {
				require.Contains(t, finding.Operations, finding.Culprit)
			}
		})
	}
}

// What looks odd and is legal.
func TestLegal(t *testing.T) {
	tests := []struct {
		name   string
		script func(s *script)
	}{
		{"an ambiguous attempt acts after the read-back", func(s *script) {
			s.unknown(k1, 5)
			s.settle()
			s.read("n1")
			s.read("n1", entry("k1", 5, 2))
		}},
		{"two payloads under one key, both ambiguous", func(s *script) {
			s.unknown(k1, 5)
			s.unknown(k1, 6)
			s.settle()
			s.read("n1", entry("k1", 6, 2))
		}},
		{"twin attempts are answered alike at the same time", func(s *script) {
			first, second := s.begin(k1, 5), s.begin(k1, 5)
			second(history.OK, "", reply(2, 5))
			first(history.OK, "", reply(2, 5))
			s.settle()
			s.read("n1", entry("k1", 5, 2))
		}},
		{"in flight says nothing, as its copy may have been done", func(s *script) {
			s.fails(k1, 5, "in-flight")
			s.settle()
			s.read("n1", entry("k1", 5, 2))
		}},
		{"a node lags before the nodes settle", func(s *script) {
			s.ok(k1, 5, 2)
			s.read("n2")
			s.settle()
			s.read("n2", entry("k1", 5, 2))
		}},
		{"a conflict with a rival that lost", func(s *script) {
			first := s.begin(k1, 6)
			s.fails(k1, 5, "conflict")
			first(history.Unknown, "reset", nil)
			s.ok(k1, 5, 2)
			s.settle()
			s.read("n1", entry("k1", 5, 2))
		}},
		{"turned away, and the copy was not", func(s *script) {
			nemesis := func(stage string) {
				s.add(history.Event{
					Kind: history.Nemesis, Process: history.NoProcess, F: "duplicate-elsewhere", Ref: "f1", Value: map[string]any{"stage": stage},
				})
			}
			nemesis("inject")
			s.fails(k1, 5, "no-leader")
			nemesis("heal")
			s.settle()
			s.read("n1", entry("k1", 5, 2))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s script
			s.ok(k2, 1, 1)
			test.script(&s)
			for i := range s.events {
				if entries, isRead := s.events[i].Value.([]any); isRead {
					s.events[i].Value = append(entries, entry("k2", 1, 1))
				}
			}
			report := judge(&s)
			require.Equal(t, verdict.Valid, report.Verdict, "%s %v", report.Cause, report.Findings)
		})
	}
}

func TestUnknown(t *testing.T) {
	full := func(s *script) {
		s.ok(k1, 5, 1)
		s.settle()
		s.read("n1", entry("k1", 5, 1))
	}
	tests := []struct {
		name    string
		script  func(s *script)
		options []idempotent.Option
		cause   string
	}{
		{"empty", func(*script) {}, nil, "no operation carried an idempotency key"},
		{"no keys", func(s *script) { s.read("n1") }, nil, "no operation carried an idempotency key"},
		{"never read back", func(s *script) { s.ok(k1, 5, 1) }, nil, "no effects were read back"},
		{"not read back after settling", func(s *script) {
			s.ok(k1, 5, 1)
			s.read("n1", entry("k1", 5, 1))
		}, nil, "the books of t1 were not read back after the nodes had settled"},
		{"nothing happened", func(s *script) {
			s.unknown(k1, 5)
			s.settle()
			s.read("n1")
		}, nil, "nothing to judge"},
		{"a broken read-back", func(s *script) {
			s.ok(k1, 5, 1)
			s.settle()
			s.readBack("n1", "what?")
			s.readBack("n1", []any{"what?"})
			s.readBack("n1", []any{map[string]any{"operation": int64(3)}})
		}, nil, "cannot be read"},
		{"settled elsewhere", full, []idempotent.Option{idempotent.Settled("calm")}, "after the nodes had settled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s script
			test.script(&s)
			report := judge(&s, test.options...)
			require.Equal(t, verdict.Unknown, report.Verdict)
			require.Contains(t, report.Cause, test.cause)
			require.Empty(t, report.Findings)
		})
	}
}

func TestRepliesOnly(t *testing.T) {
	var s script
	s.ok(k1, 5, 1)
	s.ok(k1, 5, 1)
	report := judge(&s, idempotent.RepliesOnly())
	require.Equal(t, verdict.Valid, report.Verdict, report.Cause)
	require.Equal(t, 2, report.Judged)
	s.ok(k1, 5, 2)
	require.Equal(t, verdict.Invalid, judge(&s, idempotent.RepliesOnly()).Verdict)
}

func TestBudget(t *testing.T) {
	var s script
	s.ok(k1, 5, 1)
	s.settle()
	s.read("n1", entry("k1", 5, 1))
	h := history.New(s.events)

	report := idempotent.New().Check(context.Background(), h, verdict.Budget{Memory: 1})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "memory")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report = idempotent.New().Check(ctx, h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "allow it more time")
}

// A service that forgets every key has as many findings as keys. A report shows
// a few and counts the rest.
func TestManyFindings(t *testing.T) {
	var s script
	var entries []any
	for i := range int64(500) {
		key := fmt.Sprint("k", i)
		s.ok("t1/deposit/"+key, 5, 2*i)
		entries = append(entries, entry(key, 5, 2*i), entry(key, 5, 2*i+1))
	}
	s.settle()
	s.read("n1", entries...)
	report := judge(&s)
	require.Len(t, report.Findings, 3)
	require.Contains(t, report.Figures, verdict.Figure{Name: "double-effect", Value: 500})
	require.Equal(t, report, judge(&s), "equal histories have equal reports")
}

// Hostile sizes end soon, and with a verdict.
func TestHostileSizes(t *testing.T) {
	const n = 100_000
	t.Run("one key, one payload", func(t *testing.T) {
		var s script
		for range n {
			s.ok(k1, 5, 1)
		}
		require.Equal(t, verdict.Valid, judge(&s, idempotent.RepliesOnly()).Verdict)
	})
	t.Run("one key, as many payloads", func(t *testing.T) {
		var s script
		for i := range int64(n) {
			s.unknown(k1, i)
		}
		s.settle()
		s.read("n1", entry("k1", n-1, 1))
		require.Equal(t, verdict.Valid, judge(&s).Verdict)
	})
	t.Run("all ambiguous", func(t *testing.T) {
		var s script
		for i := range int64(n) {
			s.unknown(fmt.Sprint("t1/deposit/k", i), i)
		}
		s.settle()
		s.read("n1", entry("k7", 7, 1))
		require.Equal(t, verdict.Valid, judge(&s).Verdict)
	})
	t.Run("a scope for each key", func(t *testing.T) {
		var s script
		for i := range int64(n) {
			s.ok(fmt.Sprint("t", i, "/deposit/k"), 5, i)
		}
		require.Equal(t, verdict.Unknown, judge(&s).Verdict)
	})
	t.Run("an effect a thousand times over", func(t *testing.T) {
		var s script
		var entries []any
		s.ok(k1, 5, 1)
		for range n {
			entries = append(entries, entry("k1", 5, 1))
		}
		s.settle()
		s.read("n1", entries...)
		require.Equal(t, verdict.Invalid, judge(&s).Verdict)
	})
}
