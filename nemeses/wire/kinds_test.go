package wire_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

const (
	keyed   = "POST /transfers HTTP/1.1\r\nHost: x\r\nidempotency-key: k1\r\nContent-Length: 2\r\n\r\n{}"
	keyless = "PUT /registers/r1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n7"
	answer  = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"balance\":7}"
	endless = "HTTP/1.1 200 OK\r\n\r\n{\"balance\":1000}"
)

func kind(t require.TestingT, name string) harness.FaultKind {
	kinds := wire.Kinds()
	i := slices.IndexFunc(kinds, func(k harness.FaultKind) bool { return k.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return kinds[i]
}

// inject makes the fault of that name and puts it in place.
func inject(t *testing.T, w *fake.World, f plan.Fault) harness.Fault {
	t.Helper()
	fault, err := kind(t, f.Kind).New(f, w)
	require.NoError(t, err)
	require.NoError(t, fault.Inject(t.Context()))
	t.Cleanup(func() { require.NoError(t, fault.Heal(t.Context())) })
	return fault
}

func request(conn uint64, bytes string) cluster.Message {
	return cluster.Message{Conn: conn, Framed: true, Bytes: []byte(bytes)}
}

func reply(conn uint64, request, bytes string) cluster.Message {
	return cluster.Message{Conn: conn, Framed: true, Reply: true, Bytes: []byte(bytes), Request: []byte(request)}
}

func TestWhatEachKindDoes(t *testing.T) {
	chunk := cluster.Message{Bytes: []byte("chunk"), Reply: true}
	every := map[string]int64{"percent": 100}
	for _, test := range []struct {
		name     string
		args     map[string]int64
		message  cluster.Message
		want     cluster.Action
		evidence string
	}{
		{"latency", map[string]int64{"delay_ms": 20, "jitter_ms": 0}, request(0, keyless), cluster.Action{Delay: 20 * time.Millisecond}, "1 of 1 messages delayed"},
		{"latency", map[string]int64{"delay_ms": 20, "jitter_ms": 0}, chunk, cluster.Action{Delay: 20 * time.Millisecond}, "1 of 1 messages delayed"},
		{"latency", map[string]int64{"delay_ms": 0, "jitter_ms": 0}, chunk, cluster.Action{}, "0 of 1 messages delayed"},
		{"lost-ack", every, reply(0, keyed, answer), cluster.Action{Drop: true}, "1 of 1 replies swallowed"},
		{"lost-ack", every, request(0, keyed), cluster.Action{}, "0 of 0 replies swallowed"},
		{"lost-ack", every, chunk, cluster.Action{}, "0 of 0 replies swallowed"},
		{"lost-ack", map[string]int64{"percent": 0}, reply(0, keyed, answer), cluster.Action{}, "0 of 1 replies swallowed"},
		{"lost-request", every, request(0, keyless), cluster.Action{Drop: true}, "1 of 1 requests swallowed"},
		{"lost-request", every, reply(0, keyed, answer), cluster.Action{}, "0 of 0 requests swallowed"},
		{"duplicate", every, request(0, keyless), cluster.Action{}, "0 of 0 requests with an Idempotency-Key delivered twice"},
		{"duplicate", every, reply(0, keyed, answer), cluster.Action{}, "0 of 0 requests with an Idempotency-Key delivered twice"},
		{"reset-request", every, request(0, keyed), cluster.Action{Reset: true}, "1 of 1 connections reset instead of passing the request"},
		{"reset-request", every, reply(0, keyed, answer), cluster.Action{}, "0 of 0 connections reset instead of passing the request"},
		{"reset-before-reply", every, reply(0, keyed, answer), cluster.Action{Reset: true}, "1 of 1 connections reset instead of passing the reply"},
		{"reset-before-reply", every, request(0, keyed), cluster.Action{}, "0 of 0 connections reset instead of passing the reply"},
		{"reset-after", every, reply(0, keyed, answer), cluster.Action{ResetAfter: true}, "1 of 1 connections reset after the reply"},
		{"reset-after", every, request(0, keyed), cluster.Action{}, "0 of 0 connections reset after the reply"},
		{"truncate", every, reply(0, keyed, endless), cluster.Action{}, "0 of 0 replies cut short"},
		{"truncate", every, request(0, keyed), cluster.Action{}, "0 of 0 replies cut short"},
		{"slow", map[string]int64{"bytes_per_s": 100}, reply(0, keyed, answer), cluster.Action{Delay: 520 * time.Millisecond}, "1 of 1 replies slowed down"},
		{"slow", map[string]int64{"bytes_per_s": 0}, chunk, cluster.Action{Delay: 5 * time.Second}, "1 of 1 replies slowed down"},
		{"slow", map[string]int64{"bytes_per_s": 100}, request(0, keyed), cluster.Action{}, "0 of 0 replies slowed down"},
	} {
		t.Run(fmt.Sprintf("%s %s", test.name, test.evidence), func(t *testing.T) {
			w := fake.New(3)
			fault := inject(t, w, plan.Fault{Kind: test.name, Target: "n2", Args: test.args})
			require.Equal(t, test.want, w.C.L(cluster.Client, "n2").Send(test.message))
			require.Equal(t, harness.Evidence{
				Count: int64(test.evidence[0] - '0'), Where: []string{"client→n2"}, What: test.evidence,
			}, fault.Evidence())
		})
	}
}

func TestEveryKindHasNoEvidenceWithoutMessages(t *testing.T) {
	for _, kind := range wire.Kinds() {
		w := fake.New(3)
		fault := inject(t, w, plan.Fault{Kind: kind.Name, Target: "all"})
		require.Zero(t, fault.Evidence().Count, kind.Name)
		require.Equal(t, []string{"client→n1", "client→n2", "client→n3"}, fault.Evidence().Where)
		require.Equal(t, 3, w.C.Rules())
		for range 2 {
			require.NoError(t, fault.Heal(t.Context()))
			require.Zero(t, w.C.Rules(), "%s is healed", kind.Name)
		}
	}
}

func TestCopies(t *testing.T) {
	for _, test := range []struct {
		name string
		args map[string]int64
		want cluster.Copy
	}{
		{"duplicate", nil, cluster.Copy{}},
		{"duplicate-late", map[string]int64{"after_ms": 700}, cluster.Copy{After: 700 * time.Millisecond}},
		{"duplicate-elsewhere", nil, cluster.Copy{To: "n2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := fake.New(2)
			args := map[string]int64{"percent": 100}
			for name, value := range test.args {
				args[name] = value
			}
			fault := inject(t, w, plan.Fault{Kind: test.name, Target: "n1", Args: args})
			link := w.C.L(cluster.Client, "n1")
			var done []func(bool)
			for conn := range uint64(3) {
				action := link.Send(request(conn, keyed))
				require.Len(t, action.Copies, 1)
				done = append(done, action.Copies[0].Done)
				action.Copies[0].Done = nil
				require.Equal(t, cluster.Action{Copies: []cluster.Copy{test.want}}, action)
			}
			require.Zero(t, fault.Evidence().Count, "a copy counts when it was answered")
			done[0](true)
			done[1](false)
			require.EqualValues(t, 1, fault.Evidence().Count)
			require.True(t, strings.HasPrefix(fault.Evidence().What, "1 of 3 requests with an Idempotency-Key delivered"))
		})
	}
}

func TestElsewhereIsEveryOtherNode(t *testing.T) {
	w := fake.New(3)
	inject(t, w, plan.Fault{Kind: "duplicate-elsewhere", Target: "n2", Args: map[string]int64{"percent": 100}})
	to := map[string]bool{}
	for conn := range uint64(50) {
		to[w.C.L(cluster.Client, "n2").Send(request(conn, keyed)).Copies[0].To] = true
	}
	require.Equal(t, map[string]bool{"n1": true, "n3": true}, to)
}

func TestElsewhereNeedsAnotherNode(t *testing.T) {
	w := fake.New(1)
	fault := inject(t, w, plan.Fault{Kind: "duplicate-elsewhere", Target: "n1", Args: map[string]int64{"percent": 100}})
	require.Empty(t, w.C.L(cluster.Client, "n1").Send(request(0, keyed)).Copies)
	require.Zero(t, fault.Evidence().Count)
}

func TestTruncateNeverCutsAllOrNothing(t *testing.T) {
	w := fake.New(1)
	inject(t, w, plan.Fault{Kind: "truncate", Target: "n1", Args: map[string]int64{"percent": 100}})
	kept := map[int]bool{}
	for conn := range uint64(500) {
		keep := w.C.L(cluster.Client, "n1").Send(reply(conn, keyed, answer)).Keep
		require.Greater(t, keep, 0)
		require.Less(t, keep, len(answer))
		kept[keep] = true
	}
	require.Greater(t, len(kept), len(answer)/2, "it cuts everywhere")
}

func TestPercentIsKeptAndDrawnBySaltAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		salt := rapid.Uint64().Draw(t, "salt")
		percent := rapid.Int64Range(0, 100).Draw(t, "percent")
		judge := func() (actions []bool, count int64) {
			w := fake.New(1)
			fault, err := kind(t, "reset-request").New(plan.Fault{Target: "n1", Salt: salt, Args: map[string]int64{"percent": percent}}, w)
			require.NoError(t, err)
			require.NoError(t, fault.Inject(t.Context()))
			for conn := range uint64(400) {
				actions = append(actions, w.C.L(cluster.Client, "n1").Send(request(conn, keyless)).Reset)
			}
			return actions, fault.Evidence().Count
		}
		first, count := judge()
		again, _ := judge()
		require.Equal(t, first, again)
		// Eight standard deviations, of at most 10 each.
		require.InDelta(t, 4*percent, count, 80)
		if percent == 0 || percent == 100 {
			require.Equal(t, 4*percent, count)
		}
	})
}

func TestNothingComesAfterAHole(t *testing.T) {
	every := map[string]int64{"percent": 100}
	for _, test := range []struct {
		name         string
		lost, behind cluster.Message
		other        []cluster.Message
	}{
		{
			"lost-ack", reply(4, keyed, answer), reply(4, keyed, answer),
			[]cluster.Message{request(4, keyed), request(5, keyed)},
		},
		{
			"lost-request", request(4, keyed), request(4, keyed),
			[]cluster.Message{reply(4, keyed, answer), reply(5, keyed, answer)},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := fake.New(1)
			fault := inject(t, w, plan.Fault{Kind: test.name, Target: "n1", Args: every})
			link := w.C.L(cluster.Client, "n1")
			require.True(t, link.Send(test.lost).Drop)
			check := func() {
				t.Helper()
				require.Equal(t, cluster.Action{Reset: true}, link.Send(test.behind))
				chunk := test.behind
				chunk.Framed = false
				require.Equal(t, cluster.Action{Reset: true}, link.Send(chunk), "as a chunk too")
				for _, m := range test.other {
					require.Zero(t, link.Send(m), "other directions and connections go on")
				}
			}
			check()
			require.NoError(t, fault.Heal(t.Context()))
			check()
			later := test.lost
			later.Conn = 9
			require.Zero(t, link.Send(later), "nothing more is lost")
			require.EqualValues(t, 1, fault.Evidence().Count)
		})
	}
}

func TestTargetsAreResolvedAtInjection(t *testing.T) {
	w := fake.New(3)
	fault, err := kind(t, "lost-ack").New(plan.Fault{Target: "leader"}, w)
	require.NoError(t, err)
	w.Lead("n3")
	require.NoError(t, fault.Inject(t.Context()))
	w.Lead("n1")
	require.Equal(t, []string{"client→n3"}, fault.Evidence().Where)
	require.Equal(t, 1, w.C.L(cluster.Client, "n3").Rules())
	require.Zero(t, w.C.L(cluster.Client, "n3").Dial())
}

func TestRefusals(t *testing.T) {
	w := fake.New(2)
	for name, test := range map[string]struct {
		fault plan.Fault
		want  string
	}{
		"argument": {plan.Fault{Target: "all", Args: map[string]int64{"speed": 1}}, "no argument"},
		"target":   {plan.Fault{Target: "everyone"}, "is not one of"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kind(t, "lost-ack").New(test.fault, w)
			require.ErrorContains(t, err, test.want)
		})
	}
	t.Run("protocol", func(t *testing.T) {
		w := fake.New(2)
		w.S = &fake.System{Proto: "gopher"}
		_, err := kind(t, "lost-ack").New(plan.Fault{Target: "all"}, w)
		require.ErrorContains(t, err, `the protocol "gopher" are not known, only those of `)
		require.ErrorContains(t, err, "http/1.1")
		require.ErrorContains(t, kind(t, "lost-ack").Available(w.S, w.Config()), "gopher")
		require.NoError(t, kind(t, "lost-ack").Available(&fake.System{Proto: "http/1.1"}, w.Config()))
	})
}

func TestOnlyWhatIsDeduplicatedIsRepeated(t *testing.T) {
	w := fake.New(2)
	config := w.Config()
	config.Workload = "many"
	for _, kind := range wire.Kinds() {
		require.NoError(t, kind.Available(w.S, w.Config()))
		err := kind.Available(w.S, config)
		if strings.HasPrefix(kind.Name, "duplicate") {
			require.ErrorContains(t, err, "fake does not promise to do a request of workload many once")
		} else {
			require.NoError(t, err, kind.Name)
		}
	}
}

func TestFailedInjectionIsHealed(t *testing.T) {
	w := fake.New(2)
	w.Lead("n9")
	fault, err := kind(t, "lost-ack").New(plan.Fault{Target: "leader"}, w)
	require.NoError(t, err)
	require.Error(t, fault.Inject(t.Context()))
	require.NoError(t, fault.Heal(t.Context()))
	require.Zero(t, w.C.Rules())
	require.Zero(t, fault.Evidence().Count)
}
