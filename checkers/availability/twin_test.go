package availability_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/availability"
	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/internal/hostile"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// dense returns a small history of operations and faults, with no two events at
// the same time.
func dense(r *rand.Rand) *history.History {
	var s script
	stamps := r.Perm(40)
	stamps = stamps[:2*(1+r.IntN(9))]
	for ; len(stamps) > 0; stamps = stamps[2:] {
		from, to := time.Duration(min(stamps[0], stamps[1])+1)*ms, time.Duration(max(stamps[0], stamps[1])+1)*ms
		if r.IntN(4) == 0 {
			name := from.String()
			if r.IntN(5) == 0 {
				to = 0
			}
			s.fault(name, from, to)
			continue
		}
		s.op(checktest.Pick(r, "n1", "n2"), from, to, checktest.Outcome(r))
		if r.IntN(6) == 0 {
			s.events = s.events[:len(s.events)-1] // it never returns
		}
	}
	return s.history()
}

// requireMeasures requires that rows and verdict are what their definitions say,
// taken word by word, and that witnesses stand by themselves. It returns the
// verdict.
func requireMeasures(t *testing.T, h *history.History, bound time.Duration) verdict.Verdict {
	t.Helper()
	rows := availability.Of(h)
	healed, gone, late := 0, 0, 0
	for _, row := range rows {
		returned, back, tried := back(h, row, rows)
		if gap(h, row, "") != row.Gap || returned != row.Returned || back != row.Back || tried != row.Tried {
			t.Fatalf("returned %v, back %v, tried %v, gap %v are not those of %+v\n%s", returned, back, tried, gap(h, row, ""), row, checktest.Show(h))
		}
		for _, node := range row.Nodes {
			require.Equal(t, gap(h, row, node.Node), node.Gap)
		}
		if row.Healed {
			healed++
			if !returned {
				gone++
			}
			if tried > bound {
				late++
			}
		}
	}
	want := verdict.Valid
	switch {
	case late > 0:
		want = verdict.Invalid
	case healed == 0 || gone > 0:
		want = verdict.Unknown
	}
	check := func(h *history.History) verdict.Report {
		return availability.New(availability.Within(bound)).Check(context.Background(), h, verdict.Budget{})
	}
	report := check(h)
	if report.Verdict != want || len(report.Findings) != late {
		t.Fatalf("%d of %d faults are late and %d never came back, and it is %v\n%s", late, healed, gone, report.Verdict, checktest.Show(h))
	}
	for _, finding := range report.Findings {
		alone := check(checktest.Keep(h, finding.Operations))
		if alone.Verdict != verdict.Invalid {
			t.Fatalf("by themselves %v are %v: %s\n%s", finding.Operations, alone.Verdict, alone.Cause, checktest.Show(h))
		}
	}
	return want
}

func TestAgreesWithTheTwin(t *testing.T) {
	verdicts := make(map[verdict.Verdict]int)
	all := checktest.Rounds(100_000)
	for seed := range all {
		verdicts[requireMeasures(t, dense(rand.New(rand.NewPCG(uint64(seed), 1))), 5*ms)]++
	}
	t.Log(all, "histories:", verdicts)
	for _, v := range []verdict.Verdict{verdict.Valid, verdict.Invalid, verdict.Unknown} {
		require.Greater(t, verdicts[v], all/100, "%v", v)
	}
}

func FuzzAgreesWithTheTwin(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		requireMeasures(t, dense(checktest.Choices(data)), 5*ms)
	})
}

// FuzzCheck gives it what need not be a history.
func FuzzCheck(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h := hostile.History(hostile.Bytes(data))
		for _, c := range []*availability.Checker{availability.New(), availability.New(availability.Within(1))} {
			report := c.Check(context.Background(), h, verdict.Budget{})
			require.NotEmpty(t, report.Cause)
			require.Equal(t, report.Verdict == verdict.Invalid, len(report.Findings) > 0)
			require.Equal(t, report, c.Check(context.Background(), h, verdict.Budget{}))
		}
	})
}

func TestHostile(t *testing.T) {
	checktest.Hostile(t, checktest.Sizes{
		Op: func(int, int) checktest.Op { return checktest.Op{F: "read", Outcome: history.OK} },
		Keyed: func(i, _ int) checktest.Op {
			return checktest.Op{F: "read", Key: checktest.Key(i), Outcome: history.OK}
		},
		// There is no fault in them to come back from.
	}, func(h *history.History) verdict.Report {
		return availability.New().Check(context.Background(), h, verdict.Budget{})
	})
	// A fault after each operation, healed before the next.
	var events []history.Event
	for i := range 100_000 {
		at := time.Duration(8*i) * ms
		stage := func(after time.Duration, stage string) history.Event {
			return history.Event{
				Time: at + after, Kind: history.Nemesis, Process: history.NoProcess, Ref: checktest.Key(i), F: "kill",
				Value: map[string]any{"stage": stage},
			}
		}
		events = append(events,
			history.Event{Time: at, Kind: history.Invoke, F: "read"},
			history.Event{Time: at + ms, Kind: history.Complete, F: "read", Outcome: history.OK},
			stage(2*ms, "inject"), stage(3*ms, "heal"))
	}
	events = append(events, history.Event{Time: events[len(events)-1].Time, Kind: history.Invoke, F: "read"},
		history.Event{Time: events[len(events)-1].Time + ms, Kind: history.Complete, F: "read", Outcome: history.OK})
	report := availability.New().Check(context.Background(), history.New(events), verdict.Budget{})
	require.Equal(t, verdict.Valid, report.Verdict, report.Cause)
}

// A fault is healed before the last operation, which takes long unless it is ok.
func TestLongHistories(t *testing.T) {
	checktest.Long(t, checktest.Sizes{
		Op:       func(int, int) checktest.Op { return checktest.Op{F: "read", Outcome: history.OK} },
		Broken:   func(int) checktest.Op { return checktest.Op{F: "read", Outcome: history.Fail} },
		BrokenIs: verdict.Invalid,
	}, func(h *history.History) verdict.Report {
		n := len(h.Events) - 2
		stage := func(stage string) history.Event {
			return history.Event{Kind: history.Nemesis, Process: history.NoProcess, Ref: "f1", F: "kill", Value: map[string]any{"stage": stage}}
		}
		events := slices.Concat(h.Events[:n], []history.Event{stage("inject"), stage("heal")}, h.Events[n:])
		for i := range events {
			events[i].Time = time.Duration(i) * ms
		}
		if last := &events[len(events)-1]; last.Outcome != history.OK {
			last.Time += 10 * time.Second
		}
		return availability.New(availability.Within(time.Second)).Check(context.Background(), history.New(events), verdict.Budget{})
	})
}
