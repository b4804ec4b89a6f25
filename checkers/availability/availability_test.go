package availability_test

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/availability"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const ms = time.Millisecond

// script gathers events in any order.
type script struct {
	events    []history.Event
	processes int
}

// op adds an operation, on a process of its own.
func (s *script) op(node string, from, to time.Duration, outcome history.Outcome) {
	s.processes++
	s.events = append(s.events,
		history.Event{Time: from, Kind: history.Invoke, Process: s.processes, F: "read", Node: node},
		history.Event{Time: to, Kind: history.Complete, Process: s.processes, F: "read", Outcome: outcome})
}

// steady adds one ok operation every 10 ms, each 1 ms long.
func (s *script) steady(node string, from, to time.Duration) {
	for at := from; at < to; at += 10 * ms {
		s.op(node, at, at+ms, history.OK)
	}
}

func (s *script) fault(ref string, from, to time.Duration) {
	stage := func(at time.Duration, stage string) {
		s.events = append(s.events, history.Event{
			Time: at, Kind: history.Nemesis, Process: history.NoProcess, Ref: ref, F: "kill",
			Value: map[string]any{"stage": stage},
		})
	}
	stage(from, "inject")
	if to > 0 {
		stage(to, "heal")
	}
}

func (s *script) history() *history.History {
	slices.SortStableFunc(s.events, func(a, b history.Event) int { return cmp.Compare(a.Time, b.Time) })
	return history.New(s.events)
}

func TestMeasures(t *testing.T) {
	var s script
	s.steady("n1", 0, 1000*ms)
	s.fault("f1", 1000*ms, 1500*ms)
	s.op("n2", 1005*ms, 1200*ms, history.OK)
	s.op("n1", 1300*ms, 1650*ms, history.Unknown)
	s.op("n1", 1600*ms, 1700*ms, history.OK) // a single one, before the rate is back
	s.steady("n1", 2100*ms, 3000*ms)
	rows := availability.Of(s.history())

	require.Len(t, rows, 1)
	row := rows[0]
	require.Equal(t, "kill f1", row.Name())
	require.Equal(t, 300*ms, row.Gap)
	require.Equal(t, []availability.NodeGap{{"n1", 500 * ms}, {"n2", 300 * ms}}, row.Nodes)
	require.True(t, row.Returned)
	require.Equal(t, 200*ms, row.Back)
	require.Equal(t, 200*ms, row.Tried)
	require.True(t, row.Recovered)
	require.Equal(t, 601*ms, row.Recovery)
	require.Equal(t, 100.0, row.Rate)
}

func TestVerdict(t *testing.T) {
	before := func(s *script) { s.steady("n1", 0, 500*ms) }
	tests := []struct {
		name    string
		script  func(s *script)
		options []availability.Option
		want    verdict.Verdict
		cause   string
	}{
		{"empty", func(*script) {}, nil, verdict.Unknown, "no fault was injected and healed"},
		{"no fault", before, nil, verdict.Unknown, "no fault was injected and healed"},
		{"never healed", func(s *script) { before(s); s.fault("f1", 600*ms, 0) }, nil, verdict.Unknown, "no fault was injected and healed"},
		{"came back", func(s *script) {
			before(s)
			s.fault("f1", 600*ms, 700*ms)
			s.steady("n1", 900*ms, 1000*ms)
		}, nil, verdict.Valid, "took longest, 201ms, after kill f1"},
		{"not tried again", func(s *script) {
			before(s)
			s.fault("f1", 600*ms, 700*ms)
		}, nil, verdict.Unknown, "no operation was tried after kill f1 was healed"},
		{"did not come back, and no bound", func(s *script) {
			before(s)
			s.fault("f1", 600*ms, 700*ms)
			s.op("n1", 800*ms, 9000*ms, history.Unknown)
		}, nil, verdict.Unknown, "tried for only 8.2s"},
		{"did not come back in time", func(s *script) {
			before(s)
			s.fault("f1", 600*ms, 700*ms)
			s.op("n1", 800*ms, 9000*ms, history.Unknown)
		}, []availability.Option{availability.Within(8 * time.Second)}, verdict.Invalid, "did not come back"},
		{"came back too late", func(s *script) {
			before(s)
			s.fault("f1", 600*ms, 700*ms)
			s.op("n1", 800*ms, 9000*ms, history.Fail)
			s.op("n1", 9000*ms, 9001*ms, history.OK)
		}, []availability.Option{availability.Within(8 * time.Second)}, verdict.Invalid, "came back only 8.301s"},
		{"the time was another fault's", func(s *script) {
			before(s)
			s.fault("f1", 600*ms, 700*ms)
			s.fault("f2", 750*ms, 8900*ms)
			s.op("n1", 800*ms, 9000*ms, history.Fail)
			s.op("n1", 9000*ms, 9001*ms, history.OK)
		}, []availability.Option{availability.Within(8 * time.Second)}, verdict.Valid, "2 faults"},
		{"nobody asked", func(s *script) {
			before(s)
			s.fault("f1", 600*ms, 700*ms)
			s.op("n1", 9000*ms, 9001*ms, history.OK)
		}, []availability.Option{availability.Within(8 * time.Second)}, verdict.Valid, "1 faults"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s script
			test.script(&s)
			h := s.history()
			report := availability.New(test.options...).Check(context.Background(), h, verdict.Budget{})
			require.Equal(t, test.want, report.Verdict, report.Cause)
			require.Contains(t, report.Cause, test.cause)
			if report.Verdict != verdict.Invalid {
				require.Empty(t, report.Findings)
				return
			}
			require.Len(t, report.Findings, 1)
			finding := report.Findings[0]
			require.Equal(t, "unavailable", finding.Anomaly)
			require.NotEmpty(t, finding.Operations)
			for _, index := range finding.Operations {
				require.Equal(t, history.Invoke, h.Events[index].Kind)
			}
		})
	}
}

func TestEndedEarlyIsUnknown(t *testing.T) {
	var s script
	s.steady("n1", 0, 100*ms)
	s.fault("f1", 20*ms, 30*ms)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report := availability.New().Check(ctx, s.history(), verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "ended early")
}

// A long history is cut in wider slices, not in more of them.
func TestYearsAreNoLongerThanMinutes(t *testing.T) {
	var s script
	s.op("n1", 0, ms, history.OK)
	s.fault("f1", 10*ms, 20*ms)
	s.op("n1", 200*365*24*time.Hour, 200*365*24*time.Hour+ms, history.OK)
	require.True(t, availability.Of(s.history())[0].Returned)
}

// The measures agree with their definitions, taken word by word.
func TestAgreesWithTheDefinitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s script
		// Stamps are drawn without repetition, as a recorder gives them.
		stamps := rapid.SliceOfNDistinct(rapid.IntRange(1, 3000), 20, 80, rapid.ID[int]).Draw(t, "stamps")
		for len(stamps) >= 2 {
			from, to := time.Duration(stamps[0])*ms, time.Duration(stamps[1])*ms
			stamps = stamps[2:]
			from, to = min(from, to), max(from, to)
			if rapid.IntRange(0, 5).Draw(t, "what") == 0 {
				if rapid.Bool().Draw(t, "unhealed") {
					to = 0
				}
				s.fault(from.String(), from, to)
				continue
			}
			node := rapid.SampledFrom([]string{"n1", "n2"}).Draw(t, "node")
			s.op(node, from, to, history.Outcome(rapid.IntRange(0, 2).Draw(t, "outcome")))
		}
		h := s.history()
		rows := availability.Of(h)
		for _, row := range rows {
			require.Equal(t, gap(h, row, ""), row.Gap)
			for _, node := range row.Nodes {
				require.Equal(t, gap(h, row, node.Node), node.Gap)
			}
			returned, back, tried := back(h, row, rows)
			require.Equal(t, returned, row.Returned)
			require.Equal(t, back, row.Back)
			require.Equal(t, tried, row.Tried)
		}
	})
}

func gap(h *history.History, row availability.Row, node string) time.Duration {
	marks := []time.Duration{row.From, row.To}
	for _, op := range h.Operations() {
		if op.Outcome == history.OK && op.End > row.From && op.End < row.To && (node == "" || op.Node == node) {
			marks = append(marks, op.End)
		}
	}
	slices.Sort(marks)
	longest := time.Duration(0)
	for i := range len(marks) - 1 {
		longest = max(longest, marks[i+1]-marks[i])
	}
	return longest
}

// back looks at every millisecond after the healing by itself.
func back(h *history.History, row availability.Row, all []availability.Row) (returned bool, back, tried time.Duration) {
	if !row.Healed {
		return false, 0, 0
	}
	operations := h.Operations()
	end := h.Events[len(h.Events)-1].Time
	for _, op := range operations {
		if op.Outcome == history.OK && op.End > row.To && (!returned || op.End < end) {
			returned, end = true, op.End
		}
	}
	for at := row.To; at < end; at += ms {
		calm := !slices.ContainsFunc(all, func(r availability.Row) bool {
			return r.From <= at && (at < r.To || !r.Healed)
		})
		asked := slices.ContainsFunc(operations, func(op history.Operation) bool {
			return op.Start <= at && at < op.End
		})
		if calm && asked {
			tried += ms
		}
	}
	return returned, end - row.To, tried
}
