package harness_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

const never = 1 << 40

// newTest is a test of two workers with a few operations each and one fault.
func newTest(t *testing.T, system *fakeSystem, fault *fakeFault) harness.Test {
	config := plan.Config{
		System: "fake", Workload: "fake", Nodes: []string{"n1", "n2"}, Workers: 2,
		WarmUp: 10 * time.Millisecond, Time: 100 * time.Millisecond, Timeout: time.Second,
	}
	p := plan.Plan{Config: config, Lanes: make([][]plan.Op, 2), Drain: make([][]plan.Op, 2), Final: make([][]plan.Op, 2)}
	for worker := range 2 {
		for n := range 5 {
			p.Lanes[worker] = append(p.Lanes[worker], plan.Op{
				Ref: fmt.Sprintf("w%d.%d", worker, n), F: "write", Key: "k", Value: int64(10*worker + n),
				At: time.Duration(n) * 15 * time.Millisecond,
			})
		}
		p.Drain[worker] = []plan.Op{{Ref: "drain", F: "drain"}}
		p.Final[worker] = []plan.Op{{Ref: "final", F: "read", Key: "k", Node: fmt.Sprintf("n%d", worker+1)}}
	}
	test := harness.Test{
		Plan: p, System: system, Workload: &fakeWorkload{}, Runtime: &fakeRuntime{}, History: t.TempDir(),
	}
	if fault != nil {
		test.Kinds = []harness.FaultKind{fault.kind()}
		test.Plan.Faults = []plan.Fault{{
			Ref: "fake-fault.1", Kind: "fake-fault", Target: "n1", At: 20 * time.Millisecond, For: 20 * time.Millisecond,
		}}
	}
	return test
}

func read(t *testing.T, test harness.Test) *history.History {
	h, err := history.ReadDir(test.History)
	require.NoError(t, err)
	require.NoError(t, h.Validate())
	return h
}

// stages are the stages of the test's fault, with their events.
func stages(h *history.History) map[string]history.Event {
	found := map[string]history.Event{}
	for _, e := range h.Events {
		if e.Kind == history.Nemesis {
			found[e.Value.(map[string]any)["stage"].(string)] = e
		}
	}
	return found
}

func phases(h *history.History) []string {
	var names []string
	for _, e := range h.Events {
		if e.Kind == history.Phase {
			names = append(names, e.F)
		}
	}
	return names
}

func TestAWholeRun(t *testing.T) {
	system, fault := &fakeSystem{}, &fakeFault{}
	test := newTest(t, system, fault)
	record, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.Empty(t, record.Trouble)
	require.False(t, record.Interrupted)

	h := read(t, test)
	require.Equal(t, []string{"set-up", "warm-up", "faults", "heal", "drain", "final"}, phases(h))
	operations := h.Operations()
	require.Len(t, operations, 14)
	for _, op := range operations {
		require.Equal(t, history.OK, op.Outcome)
		if op.F == "read" {
			require.Equal(t, "final", op.Phase)
			require.Equal(t, fmt.Sprintf("n%d", op.Process+1), op.Node, "the plan names the node")
		}
	}
	require.EqualValues(t, 1, fault.injected.Load())
	require.EqualValues(t, 1, fault.healed.Load())
	heal := stages(h)["heal"]
	require.Equal(t, "n1", heal.Node)
	require.Equal(t, "fake-fault.1", heal.Ref)
	value := heal.Value.(map[string]any)
	require.Equal(t, int64(3), value["count"])
	require.Equal(t, "3 messages lost", value["what"])
	require.True(t, test.Runtime.(*fakeRuntime).cluster.closed.Load())
	require.Equal(t, system.opened.Load(), system.closed.Load(), "every client is closed")
}

func TestAnUnknownOutcomeRetiresItsProcess(t *testing.T) {
	var calls atomic.Int64
	system := &fakeSystem{invoke: func(context.Context, string, harness.Invocation) harness.Completion {
		if calls.Add(1) <= 2 {
			return harness.Completion{Error: "timeout"}
		}
		return harness.Completion{Outcome: history.OK}
	}}
	test := newTest(t, system, nil)
	test.Plan.Config.Workers, test.Plan.Config.Time = 1, time.Second
	test.Plan.Lanes = [][]plan.Op{{{Ref: "w0.0", F: "transfer", Idem: "t1/transfer/k1", Retries: 3}, {Ref: "w0.1", F: "transfer"}}}
	test.Plan.Drain, test.Plan.Final = nil, nil
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)

	operations := read(t, test).Operations()
	require.Len(t, operations, 4)
	for i, want := range []struct {
		process int
		outcome history.Outcome
		idem    string
	}{
		{0, history.Unknown, "t1/transfer/k1"},
		{1, history.Unknown, "t1/transfer/k1"},
		{2, history.OK, "t1/transfer/k1"},
		{2, history.OK, ""},
	} {
		require.Equal(t, want.process, operations[i].Process)
		require.Equal(t, want.outcome, operations[i].Outcome)
		require.Equal(t, want.idem, operations[i].Idem)
	}
	require.EqualValues(t, 3, system.opened.Load(), "a retired process gives its connection up")
}

func TestANodeThatCannotServeDoesNotUseUpThePlan(t *testing.T) {
	system := &fakeSystem{invoke: func(context.Context, string, harness.Invocation) harness.Completion {
		return harness.Completion{Outcome: history.Fail, Error: "never-sent", Backoff: true}
	}}
	test := newTest(t, system, nil)
	test.Plan.Lanes[0] = make([]plan.Op, 10_000)
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.Less(t, len(read(t, test).Operations()), 100)
}

func TestAPanicOfAClientProvesNothing(t *testing.T) {
	system := &fakeSystem{invoke: func(context.Context, string, harness.Invocation) harness.Completion { panic("oh") }}
	test := newTest(t, system, nil)
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	for _, op := range read(t, test).Operations() {
		require.Equal(t, history.Unknown, op.Outcome)
		require.Contains(t, op.Error, "panic")
	}
}

func TestAClientThatHangsIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	system := &fakeSystem{invoke: func(_ context.Context, node string, _ harness.Invocation) harness.Completion {
		if node == "n1" {
			<-release
		}
		return harness.Completion{Outcome: history.OK}
	}}
	test := newTest(t, system, nil)
	test.Plan.Config.Timeout = 10 * time.Millisecond
	_, err := harness.RunHasty(t.Context(), test)
	require.ErrorContains(t, err, "worker 0")
	require.ErrorContains(t, err, "does not return")
	hung := 0
	for _, op := range read(t, test).Operations() {
		if op.Node == "n1" {
			require.Equal(t, history.Unknown, op.Outcome, "what it was doing stays open")
			hung++
		}
	}
	require.Equal(t, 1, hung)
}

func TestPlantedFalseFail(t *testing.T) {
	system := &fakeSystem{invoke: func(context.Context, string, harness.Invocation) harness.Completion {
		return harness.Completion{Error: "timeout"}
	}}
	test := newTest(t, system, nil)
	test.Plan.Config.Bugs = []string{harness.FalseFail}
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	for _, op := range read(t, test).Operations() {
		require.Equal(t, history.Fail, op.Outcome)
	}
}

func TestAFaultIsGivenTimeToTakeEffect(t *testing.T) {
	patient := &fakeFault{bites: 3}
	test := newTest(t, &fakeSystem{}, patient)
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.Equal(t, int64(3), stages(read(t, test))["heal"].Value.(map[string]any)["count"])

	idle := &fakeFault{bites: never}
	test = newTest(t, &fakeSystem{}, idle)
	_, err = harness.RunHasty(t.Context(), test)
	require.NoError(t, err)
	require.Equal(t, int64(0), stages(read(t, test))["heal"].Value.(map[string]any)["count"])
}

func TestAFaultThatCannotBeInjectedIsHealedAndRecorded(t *testing.T) {
	fault := &fakeFault{injectErr: errors.New("no leader"), bites: never}
	test := newTest(t, &fakeSystem{}, fault)
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.EqualValues(t, 1, fault.healed.Load())
	require.Equal(t, "no leader", stages(read(t, test))["heal"].Error)
}

func TestAFaultThatDoesNotHealEndsTheRun(t *testing.T) {
	test := newTest(t, &fakeSystem{}, &fakeFault{healErr: errors.New("stuck")})
	_, err := harness.Run(t.Context(), test)
	require.ErrorContains(t, err, "fake-fault.1")
	require.ErrorContains(t, err, "stuck")
	require.True(t, test.Runtime.(*fakeRuntime).cluster.closed.Load())
}

func TestAFaultWaitsForItsCondition(t *testing.T) {
	fault := &fakeFault{}
	test := newTest(t, &fakeSystem{}, fault)
	test.Plan.Faults[0].At = 0
	test.Plan.Faults[0].After = &plan.Condition{F: "write", Outcome: history.OK, Count: 6}
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	h := read(t, test)
	done := 0
	for _, e := range h.Events[:stages(h)["inject"].Index] {
		if e.Kind == history.Complete {
			done++
		}
	}
	require.GreaterOrEqual(t, done, 6)

	test = newTest(t, &fakeSystem{}, fault)
	test.Plan.Faults[0].After = &plan.Condition{F: "write", Outcome: history.OK, Count: 1000}
	_, err = harness.RunHasty(t.Context(), test)
	require.NoError(t, err)
	require.Contains(t, stages(read(t, test)), "missed")
}

func TestOperationsLeftOutOnceTheirConditionHolds(t *testing.T) {
	test := newTest(t, &fakeSystem{}, nil)
	for i := range test.Plan.Lanes[0] {
		test.Plan.Lanes[0][i].Unless = &plan.Condition{F: "write", Outcome: history.OK, Count: 0}
	}
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	for _, op := range read(t, test).Operations() {
		require.False(t, op.Process == 0 && op.F == "write")
	}
}

func TestTheFirstStopHealsDrainsAndReads(t *testing.T) {
	fault := &fakeFault{}
	test := newTest(t, &fakeSystem{}, fault)
	test.Plan.Config.Time, test.Plan.Faults[0].For = time.Hour, time.Hour
	stop := make(chan struct{})
	test.Stop = stop
	system := test.System.(*fakeSystem)
	var calls atomic.Int64
	system.invoke = func(context.Context, string, harness.Invocation) harness.Completion {
		if calls.Add(1) == 6 {
			close(stop)
		}
		return harness.Completion{Outcome: history.OK}
	}
	record, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.True(t, record.Interrupted)
	require.Equal(t, fault.injected.Load(), fault.healed.Load())
	got := phases(read(t, test))
	require.Equal(t, []string{"heal", "drain", "final"}, got[len(got)-3:])
}

func TestTheSecondStopOnlyHeals(t *testing.T) {
	fault := &fakeFault{}
	ctx, cancel := context.WithCancel(t.Context())
	test := newTest(t, &fakeSystem{}, fault)
	test.Plan.Config.Time, test.Plan.Faults[0].For = time.Hour, time.Hour
	var calls atomic.Int64
	test.System.(*fakeSystem).invoke = func(ctx context.Context, _ string, _ harness.Invocation) harness.Completion {
		if calls.Add(1) == 6 {
			cancel()
		}
		return harness.Completion{Outcome: history.OK}
	}
	record, err := harness.Run(ctx, test)
	require.NoError(t, err)
	require.True(t, record.Interrupted)
	require.Equal(t, fault.injected.Load(), fault.healed.Load())
	require.NotContains(t, phases(read(t, test)), "final")
	require.True(t, test.Runtime.(*fakeRuntime).cluster.closed.Load())
}

func TestNodesAreBroughtBack(t *testing.T) {
	fault := &fakeFault{}
	test := newTest(t, &fakeSystem{}, fault)
	runtime := test.Runtime.(*fakeRuntime)
	test.Kinds[0].New = func(plan.Fault, harness.World) (harness.Fault, error) {
		return fault, errors.Join(runtime.cluster.nodes["n1"].Kill(), runtime.cluster.nodes["n2"].Pause())
	}
	_, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.Equal(t, cluster.Running, runtime.cluster.nodes["n1"].State())
	require.Equal(t, 2, runtime.cluster.nodes["n1"].starts)
	require.Equal(t, cluster.Running, runtime.cluster.nodes["n2"].State())
	require.Equal(t, 1, runtime.cluster.nodes["n2"].starts)
}

func TestNodesThatDoNotSettleAreTrouble(t *testing.T) {
	var asked atomic.Int64
	system := &fakeSystem{settled: func() error {
		if asked.Add(1) == 1 {
			return nil // set-up
		}
		return errors.New("n2 is behind")
	}}
	test := newTest(t, system, nil)
	record, err := harness.RunHasty(t.Context(), test)
	require.NoError(t, err)
	require.Len(t, record.Trouble, 2)
	require.Contains(t, record.Trouble[0], "n2 is behind")
	for _, e := range read(t, test).Events {
		if e.Kind == history.Phase && (e.F == "drain" || e.F == "final") {
			require.Contains(t, e.Error, "n2 is behind", "checkers must know")
		}
	}
}

func TestASystemThatCannotBeSetUp(t *testing.T) {
	test := newTest(t, &fakeSystem{}, nil)
	test.Runtime = &fakeRuntime{broken: "n2"}
	_, err := harness.Run(t.Context(), test)
	require.ErrorIs(t, err, harness.ErrSetup)
	require.ErrorContains(t, err, "n2")
	require.True(t, test.Runtime.(*fakeRuntime).cluster.closed.Load())

	test = newTest(t, &fakeSystem{}, nil)
	test.Plan.Faults = []plan.Fault{{Kind: "unheard-of"}}
	_, err = harness.Run(t.Context(), test)
	require.ErrorIs(t, err, harness.ErrSetup)
	require.ErrorContains(t, err, "unheard-of")
}
