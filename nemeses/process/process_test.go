package process_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
	"github.com/tertium-dev/tertium/nemeses/process"
)

// recognise takes the reply "yes" to anything but a "look" for an
// acknowledgement.
func recognise(protocol string) (func(request, reply []byte) bool, error) {
	if protocol != "http/1.1" {
		return nil, errors.New("what is " + protocol)
	}
	return func(request, reply []byte) bool { return string(request) != "look" && string(reply) == "yes" }, nil
}

func kind(t *testing.T, name string) harness.FaultKind {
	t.Helper()
	kinds := process.Kinds(recognise)
	i := slices.IndexFunc(kinds, func(k harness.FaultKind) bool { return k.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return kinds[i]
}

func make3(t *testing.T, f plan.Fault) (*fake.World, harness.Fault) {
	t.Helper()
	w := fake.New(3)
	w.Lead("n2")
	fault, err := kind(t, f.Kind).New(f, w)
	require.NoError(t, err)
	return w, fault
}

func states(w *fake.World) (states []cluster.State) {
	for _, node := range w.C.Nodes() {
		states = append(states, node.State())
	}
	return states
}

var allRunning = []cluster.State{cluster.Running, cluster.Running, cluster.Running}

func TestKill(t *testing.T) {
	for target, want := range map[string]struct {
		kind     string
		states   []cluster.State
		evidence harness.Evidence
	}{
		"leader": {
			"kill",
			[]cluster.State{cluster.Running, cluster.Down, cluster.Running},
			harness.Evidence{Count: 1, Where: []string{"n2"}, What: "killed: n2"},
		},
		"all": {
			"kill-all",
			[]cluster.State{cluster.Down, cluster.Down, cluster.Down},
			harness.Evidence{Count: 3, Where: []string{"n1", "n2", "n3"}, What: "killed: n1, n2, n3"},
		},
	} {
		t.Run(target, func(t *testing.T) {
			w, fault := make3(t, plan.Fault{Kind: want.kind, Target: target})
			require.Equal(t, harness.Evidence{What: "killed: none"}, fault.Evidence())
			require.NoError(t, fault.Inject(t.Context()))
			require.Equal(t, want.states, states(w))
			for range 2 {
				require.Equal(t, want.evidence, fault.Evidence())
				require.NoError(t, fault.Heal(t.Context()))
				require.Equal(t, allRunning, states(w))
			}
			require.Equal(t, 1, w.C.N("n2").Starts())
		})
	}
}

func TestKillNeedsTheDead(t *testing.T) {
	w, fault := make3(t, plan.Fault{Kind: "kill-all", Target: "all"})
	w.C.N("n1").IgnoreSignals()
	w.C.N("n2").Crash()
	require.ErrorContains(t, fault.Inject(t.Context()), "n1 was killed and is still running")
	require.Equal(t, []string{"n3"}, fault.Evidence().Where)
	require.NoError(t, fault.Heal(t.Context()))
	require.Equal(t, allRunning, states(w), "also the one that was down before")
}

func TestPause(t *testing.T) {
	w, fault := make3(t, plan.Fault{Kind: "pause", Target: "majority"})
	require.Zero(t, fault.Evidence().Count)
	require.NoError(t, fault.Inject(t.Context()))
	evidence := fault.Evidence()
	require.EqualValues(t, 2, evidence.Count)
	for _, name := range evidence.Where {
		require.Equal(t, cluster.Paused, w.C.N(name).State())
	}
	for range 2 {
		require.NoError(t, fault.Heal(t.Context()))
		require.Equal(t, allRunning, states(w))
	}
	require.Equal(t, evidence, fault.Evidence())
}

func TestPauseNeedsToBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fault := make3(t, plan.Fault{Kind: "pause", Target: "leader"})
		w.C.N("n2").IgnoreSignals()
		require.EqualError(t, fault.Inject(t.Context()), "n2 was paused and is running")
		require.Zero(t, fault.Evidence().Count)
		require.NoError(t, fault.Heal(t.Context()))
	})
}

func TestPauseOfTheDead(t *testing.T) {
	w, fault := make3(t, plan.Fault{Kind: "pause", Target: "n3"})
	w.C.N("n3").Crash()
	require.ErrorContains(t, fault.Inject(t.Context()), "pausing n3")
	require.Zero(t, fault.Evidence().Count)
	require.NoError(t, fault.Heal(t.Context()))
	require.Equal(t, allRunning, states(w))
}

func message(request, reply string) cluster.Message {
	return cluster.Message{Conn: 4, Seq: 6, Framed: true, Reply: true, Request: []byte(request), Bytes: []byte(reply)}
}

func TestKillAtAck(t *testing.T) {
	for _, test := range []struct {
		name, target, link, what string
		reply                    int64
		dead                     []string
	}{
		{"passed, all", "all", "n3", "killed at reply 7 on connection 5 of n3, which was then passed on: n1, n2, n3", 1, []string{"n1", "n2", "n3"}},
		{"passed, leader", "leader", "n2", "killed at reply 7 on connection 5 of n2, which was then passed on: n2", 1, []string{"n2"}},
		{"not passed", "leader", "n2", "killed at reply 7 on connection 5 of n2, which was not passed on: n2", 0, []string{"n2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, fault := make3(t, plan.Fault{Kind: "kill-at-ack", Target: test.target, Args: map[string]int64{"reply": test.reply}})
			require.NoError(t, fault.Inject(t.Context()))
			link := w.C.L(cluster.Client, test.link)
			chunk := message("do", "yes")
			chunk.Framed = false
			request := message("do", "yes")
			request.Reply = false
			for _, other := range []cluster.Message{message("do", "no"), message("look", "yes"), chunk, request} {
				require.Zero(t, link.Send(other))
			}
			require.Zero(t, link.Dial())
			require.Equal(t, allRunning, states(w))
			require.Equal(t, harness.Evidence{What: "no acknowledgement came by"}, fault.Evidence())

			action := link.Send(message("do", "yes"))
			require.Equal(t, test.reply == 0, action.Reset)
			require.False(t, action.Drop)
			for _, name := range test.dead {
				require.Equal(t, cluster.Down, w.C.N(name).State())
			}
			require.Equal(t, harness.Evidence{Count: int64(len(test.dead)), Where: test.dead, What: test.what}, fault.Evidence())

			require.Zero(t, link.Send(message("do", "yes")), "one killing only")
			for range 2 {
				require.NoError(t, fault.Heal(t.Context()))
				require.Equal(t, allRunning, states(w))
				require.Zero(t, w.C.Rules())
			}
			require.Equal(t, 1, w.C.N("n2").Starts())
		})
	}
}

func TestKillAtAckThatNeverCame(t *testing.T) {
	w, fault := make3(t, plan.Fault{Kind: "kill-at-ack", Target: "leader"})
	require.NoError(t, fault.Inject(t.Context()))
	require.Equal(t, 1, w.C.Rules(), "only the leader's replies are watched")
	require.NoError(t, fault.Heal(t.Context()))
	require.Zero(t, fault.Evidence().Count)
	require.Zero(t, w.C.N("n2").Starts())
}

// A reply can be judged before the fault is healed and be due only after.
func TestKillAtAckDoesNotOutliveItsHealing(t *testing.T) {
	w, fault := make3(t, plan.Fault{Kind: "kill-at-ack", Target: "leader"})
	link := w.C.L(cluster.Client, "n2")
	link.Add(late{func() { require.NoError(t, fault.Heal(t.Context())) }})
	require.NoError(t, fault.Inject(t.Context()))
	link.Send(message("do", "yes"))
	require.Equal(t, allRunning, states(w))
	require.Zero(t, fault.Evidence().Count)
}

// late is a rule that does something before a message is passed on.
type late struct{ before func() }

func (late) Dial() cluster.Action                   { return cluster.Action{} }
func (l late) Judge(cluster.Message) cluster.Action { return cluster.Action{Before: l.before} }

func TestKillAtAckOnce(t *testing.T) {
	w, fault := make3(t, plan.Fault{Kind: "kill-at-ack", Target: "all", Args: map[string]int64{"reply": 1}})
	require.NoError(t, fault.Inject(t.Context()))
	var all sync.WaitGroup
	for _, name := range []string{"n1", "n2", "n3"} {
		for range 5 {
			all.Go(func() { w.C.L(cluster.Client, name).Send(message("do", "yes")) })
		}
	}
	all.Wait()
	require.EqualValues(t, 3, fault.Evidence().Count)
	for _, node := range w.C.Nodes() {
		require.Len(t, node.Exits(), 1)
	}
	require.NoError(t, fault.Heal(t.Context()))
}

func TestKillAtAckThatFails(t *testing.T) {
	w, fault := make3(t, plan.Fault{Kind: "kill-at-ack", Target: "n1"})
	w.C.N("n1").IgnoreSignals()
	require.NoError(t, fault.Inject(t.Context()))
	w.C.L(cluster.Client, "n1").Send(message("do", "yes"))
	require.Zero(t, fault.Evidence().Count)
	require.ErrorContains(t, fault.Heal(t.Context()), "n1 was killed and is still running")
}

func TestFailedInjectionIsHealed(t *testing.T) {
	for _, kind := range process.Kinds(recognise) {
		if !slices.Contains(kind.Targets, "leader") {
			continue
		}
		w := fake.New(3)
		w.Lead("n9")
		fault, err := kind.New(plan.Fault{Target: "leader"}, w)
		require.NoError(t, err)
		require.ErrorContains(t, fault.Inject(t.Context()), kind.Name+": the system says", kind.Name)
		require.NoError(t, fault.Heal(t.Context()))
		require.Zero(t, fault.Evidence().Count)
		require.Equal(t, allRunning, states(w))
	}
}

func TestRefusals(t *testing.T) {
	gopher := fake.New(1)
	gopher.S = &fake.System{Proto: "gopher"}
	for _, kind := range process.Kinds(recognise) {
		w := fake.New(3)
		require.NoError(t, kind.Available(w.S, w.Config()))
		_, err := kind.New(plan.Fault{Target: "everyone"}, w)
		require.ErrorContains(t, err, "is not one of")
		_, err = kind.New(plan.Fault{Target: "leader", Args: map[string]int64{"speed": 1}}, w)
		require.ErrorContains(t, err, "no argument")
	}
	require.ErrorContains(t, kind(t, "kill-at-ack").Available(gopher.S, gopher.Config()), "what is gopher")
	_, err := kind(t, "kill-at-ack").New(plan.Fault{Target: "n1"}, gopher)
	require.ErrorContains(t, err, "what is gopher")
}
