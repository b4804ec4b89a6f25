package workloads_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads"
)

func find(t testing.TB, name string) harness.Workload {
	w, err := workloads.Find(name)
	require.NoError(t, err)
	return w
}

func expand(t testing.TB, w harness.Workload, seed uint64) plan.Plan {
	c := plan.Config{System: "none", Workload: w.Name(), Nodes: []string{"n1", "n2", "n3"}, Time: 5 * time.Second}
	w.Defaults(&c)
	p, err := plan.Expand(seed, c, w.Generators(c), nil)
	require.NoError(t, err)
	return p
}

// judge runs a plan of the workload against the service and returns the verdict
// of each checker.
func judge(t testing.TB, w harness.Workload, mistake string, seed uint64) map[string]verdict.Report {
	p := expand(t, w, seed)
	h := simulate(p, w, newService(mistake))
	require.NoError(t, h.Validate())
	reports := map[string]verdict.Report{}
	for _, checker := range w.Checkers(p.Config) {
		require.NotContains(t, reports, checker.Name())
		reports[checker.Name()] = checker.Check(t.Context(), h, harness.Budget{})
	}
	return reports
}

func TestCorrectServiceIsValid(t *testing.T) {
	for _, w := range append(workloads.All(), find(t, "register,ledger")) {
		t.Run(w.Name(), func(t *testing.T) {
			for seed := range uint64(2) {
				for name, report := range judge(t, w, "", seed) {
					require.Equal(t, verdict.Valid, report.Verdict, "%s: %s", name, report.Cause)
					require.Greater(t, report.Judged, 3000, name)
				}
			}
		})
	}
}

func TestMistakesAreFound(t *testing.T) {
	for _, c := range []struct{ mistake, workload, checker string }{
		{"lost-element", "set", "linearizable"},
		{"lost-element", "set", "set-full"},
		{"twice", "set", "set-full"},
		{"lost-element", "membership", "linearizable"},
		{"lost-increment", "counter", "linearizable"},
		{"lost-increment", "counter", "counter"},
		{"lost-element", "queue", "total-queue"},
		{"lost-element", "stream", "kafka"},
		{"skip", "stream", "kafka"},
		{"stale-read", "register", "linearizable"},
		{"no-dedupe", "ledger", "idempotent"},
		{"unscoped", "ledger", "idempotent"},
		{"any-payload", "ledger", "idempotent"},
		{"half", "ledger", "conservation"},
		{"rolled-back", "list-append", "transactional"},
		{"rolled-back", "rw-register", "transactional"},
		{"half", "bank", "bank"},
		{"overdraw", "bank", "bank"},
		{"forked", "long-fork", "long-fork"},
		{"same-token", "lock", "lease"},
		{"lost-increment", "lock", "guarded-count"},
	} {
		if c.workload != "register" && c.workload != "ledger" {
			t.Run(c.mistake+" by "+c.workload+", "+c.checker, func(t *testing.T) {
				reports := judge(t, find(t, c.workload), c.mistake, 1)
				require.Equal(t, verdict.Invalid, reports[c.checker].Verdict, reports[c.checker].Cause)
			})
			continue
		}
		for _, workload := range []string{c.workload, "ledger,register"} {
			t.Run(c.mistake+" by "+workload, func(t *testing.T) {
				reports := judge(t, find(t, workload), c.mistake, 1)
				require.Contains(t, reports, c.checker)
				require.Equal(t, verdict.Invalid, reports[c.checker].Verdict, reports[c.checker].Cause)
			})
		}
	}
}

func TestFind(t *testing.T) {
	for _, w := range workloads.All() {
		require.Equal(t, w.Name(), find(t, w.Name()).Name())
		require.NotEmpty(t, w.Doc())
	}
	both := find(t, " register, ledger")
	require.Equal(t, "register+ledger", both.Name())
	require.Equal(t, both.Name(), find(t, both.Name()).Name(), "a recorded name finds it again")
	require.Contains(t, both.Doc(), "; ")

	for names, want := range map[string]string{
		"":                  "no workload is named: choose from register, ledger, set, membership, counter, list-append, rw-register, queue, stream, bank, long-fork",
		"regsiter":          `no workload is called "regsiter": choose from register, ledger, set, membership, counter, list-append, rw-register, queue, stream, bank, long-fork`,
		"register,none":     `no workload is called "none"`,
		"register,register": "workload register is named twice",
	} {
		_, err := workloads.Find(names)
		require.ErrorContains(t, err, want)
	}
}

// Workloads whose checkers would judge each other's operations are kept apart.
func TestWhatCannotBeSideBySide(t *testing.T) {
	for _, names := range []string{"register,set", "register,counter", "register,membership", "set,membership", "set,counter", "counter,membership", "list-append,rw-register", "bank,register", "bank,ledger", "long-fork,list-append", "long-fork,set", "long-fork,counter"} {
		_, err := workloads.Find(names)
		require.ErrorContains(t, err, "run one after the other", names)
	}
	for _, names := range []string{"register,list-append", "set,ledger,rw-register", "counter,list-append", "membership,rw-register", "bank,list-append", "ledger,long-fork"} {
		require.Equal(t, strings.ReplaceAll(names, ",", "+"), find(t, names).Name())
	}
	require.Equal(t, "register,list-append", workloads.SideBySide([]string{"register", "set", "list-append", "counter", "rw-register"}))
	require.Equal(t, "set", workloads.SideBySide([]string{"set"}))
	require.Equal(t, "none", workloads.SideBySide([]string{"set", "none"}))
	require.Empty(t, workloads.SideBySide(nil))
}

func TestConfigsAreValidated(t *testing.T) {
	for _, name := range []string{"list-append", "rw-register", "register,list-append"} {
		w, ok := find(t, name).(harness.Configurable)
		require.True(t, ok)
		require.NoError(t, w.Validate(plan.Config{}))
		require.NoError(t, w.Validate(plan.Config{Options: map[string]string{"consistency-model": "serializable"}}))
		wrong := plan.Config{Options: map[string]string{"consistency-model": "perfect"}}
		require.ErrorContains(t, w.Validate(wrong), "option consistency-model")
		// A recorded config may be wrong too: nothing is judged then.
		checkers := find(t, name).Checkers(wrong)
		report := checkers[len(checkers)-1].Check(t.Context(), &history.History{}, harness.Budget{})
		require.Equal(t, verdict.Unknown, report.Verdict)
		require.Contains(t, report.Cause, "option consistency-model")
	}
}

func TestComposedSharesWorkersAndRate(t *testing.T) {
	p := expand(t, find(t, "register,ledger"), 1)
	register, ledger := 0, 0
	for worker, lane := range p.Lanes {
		for _, op := range lane {
			isRegister := op.F == "read" || op.F == "write" || op.F == "cas"
			require.Equal(t, worker < 12, isRegister, "%s is a %s", op.Ref, op.F)
			if isRegister {
				register++
			} else {
				ledger++
			}
		}
	}
	require.InDelta(t, 750*7, register, 100)
	require.InDelta(t, 750*7, ledger, 200)

	finals := map[string]int{}
	for _, lane := range p.Final {
		for _, op := range lane {
			finals[op.F]++
		}
	}
	require.Equal(t, 12, finals["accounts"])
	require.Equal(t, 12, finals["entries"])
	require.Greater(t, finals["read"], 100)
}

func TestComposedResolverDispatches(t *testing.T) {
	w := find(t, "register,ledger")
	r := w.Resolver(plan.Config{AmbiguityBudget: 1})
	op := plan.Op{F: "cas", Key: "r1", Value: []any{plan.Symbol("seen"), int64(4)}}
	require.Equal(t, plan.Op{F: "write", Key: "r1", Value: int64(4)}, r.Resolve(0, op))
	r.Observe(0, plan.Op{F: "write", Key: "r1", Value: int64(4)}, harness.Completion{Error: "timeout"})
	require.Equal(t, "r1~1", r.Resolve(0, op).Key)
	pay := plan.Op{F: "transfer", Key: "r1", Value: op.Value}
	require.Equal(t, pay, r.Resolve(0, pay))
	strange := plan.Op{F: "strange", Key: "r1"}
	r.Observe(0, strange, harness.Completion{})
	require.Equal(t, strange, r.Resolve(0, strange))
}

func TestComposedWithFewWorkers(t *testing.T) {
	w := find(t, "register,ledger")
	c := plan.Config{Nodes: []string{"n1"}, Workers: 1, Time: time.Second}
	w.Defaults(&c)
	p, err := plan.Expand(1, c, w.Generators(c), nil)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(p.Lanes[0][0].Ref, "w0."))
}
