package history_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/internal/historytest"
)

func newRecorder(t testing.TB, dir string) *history.Recorder {
	t.Helper()
	recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
	require.NoError(t, err)
	return recorder
}

func newLane(t testing.TB, recorder *history.Recorder, name string) *history.Lane {
	t.Helper()
	lane, err := recorder.Lane(name)
	require.NoError(t, err)
	return lane
}

func TestLinesAreAsDocumented(t *testing.T) {
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	lane := newLane(t, recorder, "w0")
	require.NoError(t, lane.Append([]history.Event{
		{Time: 1, Kind: history.Phase, Process: history.NoProcess, F: "faults"},
		{Time: 2, Kind: history.Invoke, Process: 0, F: "transfer", Key: "t1/a3", Idem: "t1/transfer/k17", Node: "n1", Ref: "w3.117",
			Value: map[string]any{"to": "a4", "amount": int64(7), "share": 1.0, "tags": []any{nil, true}}},
		{Time: 3, Kind: history.Nemesis, Process: history.NoProcess, F: "kill", Node: "n2", Ref: "f2"},
		{Time: 4, Kind: history.Complete, Outcome: history.OK, Process: 0, F: "transfer", Value: "a\"\\\n\x01\xffé"},
		{Time: 5, Kind: history.Complete, Outcome: history.Fail, Process: 1, F: "transfer", Error: "conflict"},
		{Time: 6, Kind: history.Complete, Process: 2, F: "transfer", Error: "timeout: 500ms"},
	}))
	require.NoError(t, recorder.Close())
	text, err := os.ReadFile(filepath.Join(dir, "lane-000.jsonl"))
	require.NoError(t, err)
	require.Equal(t, `{"t":1,"type":"phase","f":"faults"}
{"t":2,"type":"invoke","process":0,"f":"transfer","key":"t1/a3","value":{"amount":7,"share":1.0,"tags":[null,true],"to":"a4"},"idem":"t1/transfer/k17","node":"n1","ref":"w3.117"}
{"t":3,"type":"nemesis","f":"kill","node":"n2","ref":"f2"}
{"t":4,"type":"ok","process":0,"f":"transfer","value":"a\"\\\n\u0001\udcffé"}
{"t":5,"type":"fail","process":1,"f":"transfer","error":"conflict"}
{"t":6,"type":"unknown","process":2,"f":"transfer","error":"timeout: 500ms"}
`, string(text))
}

func TestManyWorkersRecordOneHistory(t *testing.T) {
	const workers, each = 8, 200
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	recorded := make([][]history.Event, workers)
	var group sync.WaitGroup
	for worker := range workers {
		lane := newLane(t, recorder, fmt.Sprint("w", worker))
		group.Go(func() {
			for i := range each {
				e := history.Event{Process: worker, F: "write", Value: int64(i)}
				called, err := lane.Invoke(e)
				if err != nil {
					panic(err)
				}
				e.Outcome = history.OK
				returned, err := lane.Complete(e)
				if err != nil {
					panic(err)
				}
				recorded[worker] = append(recorded[worker], called, returned)
			}
		})
	}
	group.Wait()
	require.NoError(t, recorder.Close())
	unsealed, err := history.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, unsealed.Torn)
	require.Len(t, unsealed.Events, 2*workers*each)
	seen := make([]int, workers)
	for _, e := range unsealed.Events {
		want := recorded[e.Process][seen[e.Process]]
		seen[e.Process]++
		require.Equal(t, -1, want.Index)
		want.Index = e.Index
		require.Equal(t, want, e)
	}
	_, err = history.Seal(dir)
	require.NoError(t, err)
	sealed, err := history.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, unsealed, sealed)
}

func TestAFailedLaneSaysSoAtEveryCall(t *testing.T) {
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	lane := newLane(t, recorder, "w7")
	_, err := lane.Invoke(history.Event{F: "write", Value: int64(1)})
	require.NoError(t, err)
	for range 2 {
		_, err = lane.Complete(history.Event{F: "write", Outcome: history.OK, Value: math.Inf(1)})
		require.ErrorContains(t, err, "lane w7")
		require.ErrorContains(t, err, "+Inf")
	}
	_, err = lane.Phase("final", "")
	require.ErrorContains(t, err, "+Inf")
	require.ErrorContains(t, recorder.Close(), "+Inf")
	require.NoError(t, recorder.Close())
	h, err := history.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, history.Unknown, h.Operations()[0].Outcome)
}

func TestEveryKindOfEventIsRecorded(t *testing.T) {
	dir := t.TempDir()
	now := time.Duration(0)
	recorder, err := history.NewRecorder(dir, history.NewClock(func() time.Duration { return now }), history.RecorderOptions{})
	require.NoError(t, err)
	lane := newLane(t, recorder, "all")
	now = 10
	_, err = lane.Phase("faults", "")
	require.NoError(t, err)
	now = 20
	_, err = lane.Nemesis(history.Event{Process: 7, F: "kill", Node: "n1", Ref: "f0", Value: map[string]any{"evidence": int64(1)}})
	require.NoError(t, err)
	now = 30
	_, err = lane.Invoke(history.Event{F: "read"})
	require.NoError(t, err)
	_, err = lane.Complete(history.Event{F: "read", Error: "timeout"})
	require.NoError(t, err)
	require.NoError(t, recorder.Close())
	h, err := history.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, []history.Event{
		{Index: 0, Time: 10, Kind: history.Phase, Process: history.NoProcess, F: "faults"},
		{Index: 1, Time: 20, Kind: history.Nemesis, Process: history.NoProcess, F: "kill", Node: "n1", Ref: "f0", Value: map[string]any{"evidence": int64(1)}},
		{Index: 2, Time: 30, Kind: history.Invoke, F: "read"},
		{Index: 3, Time: 31, Kind: history.Complete, F: "read", Error: "timeout"},
	}, h.Events)
}

func TestRecordingAfterClose(t *testing.T) {
	recorder := newRecorder(t, t.TempDir())
	lane := newLane(t, recorder, "w0")
	require.NoError(t, recorder.Close())
	_, err := lane.Phase("late", "")
	require.ErrorContains(t, err, "closed")
}

func TestRecorderKeepsOffAnExistingHistory(t *testing.T) {
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	newLane(t, recorder, "w0")
	require.NoError(t, recorder.Close())
	again := func() error {
		_, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
		return err
	}
	require.ErrorContains(t, again(), "holds a history already")
	_, err := history.Seal(dir)
	require.NoError(t, err)
	require.ErrorContains(t, again(), "holds a history already")
}

func TestAppendRefusesToGoBack(t *testing.T) {
	recorder := newRecorder(t, t.TempDir())
	lane := newLane(t, recorder, "sim")
	err := lane.Append([]history.Event{{Time: 2, Kind: history.Phase, F: "a"}, {Time: 1, Kind: history.Phase, F: "b"}})
	require.ErrorContains(t, err, "before")
	require.Error(t, recorder.Close())
}

func TestSurvivesMachineIsRecordedTheSame(t *testing.T) {
	dir := t.TempDir()
	recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{Durability: history.SurvivesMachine})
	require.NoError(t, err)
	_, err = newLane(t, recorder, "w0").Phase("faults", "")
	require.NoError(t, err)
	require.NoError(t, recorder.Close())
	h, err := history.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, "faults", h.Events[0].F)
}

func TestWhatIsRecordedIsRead(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		h := historytest.AnyHistory().Draw(t, "history")
		require.NoError(t, h.Validate())
		dir, err := os.MkdirTemp(root, "")
		require.NoError(t, err)
		recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
		require.NoError(t, err)
		lanes := make([]*history.Lane, 3)
		for i := range lanes {
			lanes[i], err = recorder.Lane(strings.Repeat("x", i))
			require.NoError(t, err)
		}
		for _, e := range h.Events {
			require.NoError(t, rapid.SampledFrom(lanes).Draw(t, "lane").Append([]history.Event{e}))
		}
		require.NoError(t, recorder.Close())
		unsealed, err := history.ReadDir(dir)
		require.NoError(t, err)
		require.Equal(t, len(h.Events), len(unsealed.Events))
		for i := range h.Events {
			require.Equal(t, h.Events[i], unsealed.Events[i])
		}
		_, err = history.Seal(dir)
		require.NoError(t, err)
		sealed, err := history.ReadDir(dir)
		require.NoError(t, err)
		require.Equal(t, unsealed, sealed)
	})
}
