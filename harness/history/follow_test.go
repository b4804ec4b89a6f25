package history_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/internal/historytest"
)

// following follows a recorder and keeps what it is given.
type following struct {
	events []history.Event
	torn   string
	err    error
	over   chan struct{}
}

func follow(recorder *history.Recorder, also func(*history.Event) error) *following {
	f := &following{over: make(chan struct{})}
	go func() {
		defer close(f.over)
		f.torn, f.err = recorder.Follow(context.Background(), func(e *history.Event) error {
			f.events = append(f.events, *e)
			if also != nil {
				return also(e)
			}
			return nil
		})
	}()
	return f
}

// requireSame requires that what was followed is what the folder holds.
func (f *following) requireSame(t *testing.T, dir string) {
	t.Helper()
	<-f.over
	require.NoError(t, f.err)
	h, err := history.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, h.Torn, f.torn)
	require.Equal(t, len(h.Events), len(f.events))
	for i := range h.Events {
		require.Equal(t, h.Events[i], f.events[i])
	}
}

// Workers record, and open lanes, while they are followed.
func TestFollowedInTheOrderOfTheHistory(t *testing.T) {
	const workers, lanes, each = 8, 4, 200
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	f := follow(recorder, nil)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for part := range lanes {
				lane, err := recorder.Lane(fmt.Sprint(worker, ".", part))
				if err != nil {
					panic(err)
				}
				for i := range each {
					e := history.Event{Process: worker, F: "write", Value: int64(i)}
					if i%100 == 0 {
						e.Value = strings.Repeat("longer than any buffer", 4_000)
					}
					_, err := lane.Invoke(e)
					e.Outcome = history.OK
					_, err2 := lane.Complete(e)
					if err := errors.Join(err, err2); err != nil {
						panic(err)
					}
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, recorder.Close())
	f.requireSame(t, dir)
	require.Len(t, f.events, 2*workers*lanes*each)
}

func TestFollowedWhileTheRecordingGoesOn(t *testing.T) {
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	seen := make(chan int)
	f := follow(recorder, func(e *history.Event) error {
		seen <- e.Index
		return nil
	})
	for i := range 3 {
		_, err := newLane(t, recorder, "w").Phase("p", "")
		require.NoError(t, err)
		require.Equal(t, i, <-seen, "it comes although nothing follows it and nothing is closed")
	}
	require.NoError(t, recorder.Close())
	f.requireSame(t, dir)
}

func TestFollowingARecordingThatIsOver(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		require.NoError(t, err)
		recorder := newRecorder(t, dir)
		lanes := []*history.Lane{newLane(t, recorder, "a"), newLane(t, recorder, "b"), newLane(t, recorder, "c")}
		for _, e := range historytest.AnyHistory().Draw(rt, "history").Events {
			require.NoError(t, rapid.SampledFrom(lanes).Draw(rt, "lane").Append([]history.Event{e}))
		}
		require.NoError(t, recorder.Close())
		follow(recorder, nil).requireSame(t, dir)
	})
}

// What stands at the end of a lane whose last write failed is cut, as when the
// folder is read.
func TestFollowingTornLanes(t *testing.T) {
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	for _, name := range []string{"w0", "w1"} {
		_, err := newLane(t, recorder, name).Phase("p", "")
		require.NoError(t, err)
	}
	addTo(t, filepath.Join(dir, "lane-001.jsonl"), `{"t":99999999999,"ty`)
	seen := make(chan struct{}, 2)
	f := follow(recorder, func(*history.Event) error {
		seen <- struct{}{}
		return nil
	})
	<-seen
	<-seen
	require.NoError(t, recorder.Close())
	f.requireSame(t, dir)
	require.Contains(t, f.torn, "lane-001.jsonl")
}

func addTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, errors.Join(err, file.Close()))
}

func TestFollowingSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, dir string, lane *history.Lane)
		want  string
	}{
		"no event": {func(t *testing.T, dir string, _ *history.Lane) {
			addTo(t, filepath.Join(dir, "lane-000.jsonl"), "\x00 garbage\n")
		}, "lane-000.jsonl:2"},
		"a file that is gone": {func(t *testing.T, dir string, _ *history.Lane) {
			require.NoError(t, os.Remove(filepath.Join(dir, "lane-000.jsonl")))
		}, "open a lane"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			recorder := newRecorder(t, dir)
			lane := newLane(t, recorder, "w0")
			_, err := lane.Phase("p", "")
			require.NoError(t, err)
			test.spoil(t, dir, lane)
			f := follow(recorder, nil)
			<-f.over
			require.ErrorContains(t, f.err, test.want)
			require.NoError(t, recorder.Close())
		})
	}
}

// Stamps of somebody else's making that belong before what was delivered cannot
// be put in their place any more.
func TestFollowingStampsOutOfOrder(t *testing.T) {
	recorder := newRecorder(t, t.TempDir())
	seen := make(chan struct{}, 2)
	f := follow(recorder, func(*history.Event) error {
		seen <- struct{}{}
		return nil
	})
	_, err := newLane(t, recorder, "now").Phase("p", "")
	require.NoError(t, err)
	<-seen
	require.NoError(t, newLane(t, recorder, "before").Append([]history.Event{{Time: 0, Kind: history.Phase, Process: history.NoProcess, F: "q"}}))
	<-f.over
	require.ErrorContains(t, f.err, "order of their stamps")
	require.NoError(t, recorder.Close())
}

func TestFollowingEndsWithItsFunctionOrItsContext(t *testing.T) {
	recorder := newRecorder(t, t.TempDir())
	_, err := newLane(t, recorder, "w0").Phase("p", "")
	require.NoError(t, err)
	enough := errors.New("enough")
	f := follow(recorder, func(*history.Event) error { return enough })
	<-f.over
	require.ErrorIs(t, f.err, enough)

	ctx, cancel := context.WithCancel(t.Context())
	_, err = recorder.Follow(ctx, func(*history.Event) error {
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, recorder.Close())
}

// BenchmarkFollow is the following of a recording that is over: what one
// goroutine can keep up with.
func BenchmarkFollow(b *testing.B) {
	b.ReportAllocs()
	var recorder *history.Recorder
	events := 0
	for b.Loop() {
		b.StopTimer()
		recorder = recorded(b, benchOperations)
		b.StartTimer()
		_, err := recorder.Follow(context.Background(), func(*history.Event) error {
			events++
			return nil
		})
		require.NoError(b, err)
	}
	require.Equal(b, 2*benchOperations*b.N, events)
	eventRate(b, 2*benchOperations)
}

// recorded returns a recorder that is closed, with n operations by 20 clients.
func recorded(t testing.TB, n int) *history.Recorder {
	t.Helper()
	const clients = 20
	recorder := newRecorder(t, t.TempDir())
	var lanes [clients]*history.Lane
	for i := range lanes {
		lanes[i] = newLane(t, recorder, fmt.Sprint(i))
	}
	for i := range n {
		pair := historytest.Typical(i, clients)
		_, err := lanes[i%clients].Invoke(pair[0])
		require.NoError(t, err)
		_, err = lanes[i%clients].Complete(pair[1])
		require.NoError(t, err)
	}
	require.NoError(t, recorder.Close())
	return recorder
}
