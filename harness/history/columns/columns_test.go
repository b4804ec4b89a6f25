package columns_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/internal/historytest"
)

// requireColumnsOf checks each column against the operations of the history.
func requireColumnsOf(t require.TestingT, h *history.History, c *columns.Columns) {
	operations := h.Operations()
	require.Equal(t, len(operations), c.Operations())
	require.Len(t, c.Events, len(h.Events))
	calls := c.Calls()
	returns := make(map[uint32]int)
	for i, event := range c.Events {
		if event != columns.Other && event&1 == 1 {
			returns[event>>1] = i
		}
	}
	for i, o := range operations {
		id := uint32(i)
		require.Equal(t, o.Call, int(calls[i]))
		at, returned := returns[id]
		require.Equal(t, o.Return != history.Never, returned)
		if returned {
			require.Equal(t, o.Return, at)
		}
		require.Equal(t, int64(o.Process), c.Processes[c.Process[i]])
		require.Equal(t, o.F, c.Functions.At(c.F[i]))
		require.Equal(t, o.Key, c.Keys.At(c.Key[i]))
		require.Equal(t, o.Idem, c.Idems.At(c.Idem[i]))
		require.Equal(t, o.Node, c.Nodes.At(c.Node[i]))
		require.Equal(t, o.Phase, c.Phases.At(c.Phase[i]))
		require.Equal(t, o.Outcome, c.Outcome[i])
		require.Equal(t, o.Error, c.Errors.At(c.Error[i]))
		require.Equal(t, o.Input, c.Values.At(c.In[i]))
		require.Equal(t, o.Output, c.Values.At(c.Out[i]))
	}
	require.Equal(t, h.Torn, c.Torn)
}

func TestColumnsSayWhatOperationsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historytest.AnyHistory().Draw(t, "history")
		h.Torn = rapid.SampledFrom([]string{"", "3 bytes"}).Draw(t, "torn")
		c, err := columns.Of(h)
		require.NoError(t, err)
		requireColumnsOf(t, h, c)
	})
}

func TestEqualValuesAndNoOthersHaveEqualNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(historytest.AnyValue(), rapid.SampledFrom([]any{
			int64(0), 0.0, math.Copysign(0, -1), "", "0", nil, false, true, []any{}, map[string]any{}, []any{nil},
			[]any{[]any{}}, []any{"a", int64(1)}, map[string]any{"a": int64(1)}, int64(1), int64(2),
		})), 1, 30).Draw(t, "values")
		var events []history.Event
		for i, value := range values {
			events = append(events, history.Event{Kind: history.Invoke, Process: i, F: "write", Value: value})
		}
		c, err := columns.Of(history.New(events))
		require.NoError(t, err)
		for i := range values {
			for j := range i {
				same := reflect.DeepEqual(values[i], values[j]) || bothZero(values[i], values[j])
				require.Equal(t, same, c.In[i] == c.In[j], "%#v, %#v", values[i], values[j])
			}
		}
	})
}

func bothZero(a, b any) bool { return a == 0.0 && b == 0.0 }

func TestPartsOfValues(t *testing.T) {
	c, err := columns.Of(history.New([]history.Event{
		{Kind: history.Invoke, F: "txn", Value: []any{[]any{"append", "x", int64(7)}, []any{"r", "x", []any{int64(7)}}}},
		{Kind: history.Invoke, Process: 1, F: "write", Value: map[string]any{"b": "x", "a": int64(7)}},
	}))
	require.NoError(t, err)
	v := &c.Values
	transaction, ok := v.Elements(c.In[0])
	require.True(t, ok)
	require.Len(t, transaction, 2)
	write, ok := v.Elements(transaction[0])
	require.True(t, ok)
	read, ok := v.Elements(transaction[1])
	require.True(t, ok)
	require.Equal(t, write[1], read[1], "the same key")
	seen, ok := v.Elements(read[2])
	require.True(t, ok)
	require.Equal(t, []uint32{write[2]}, seen)
	text, ok := v.Text(write[0])
	require.True(t, ok)
	require.Equal(t, "append", text)
	number, ok := v.Int(write[2])
	require.True(t, ok)
	require.Equal(t, int64(7), number)

	members, ok := v.Members(c.In[1])
	require.True(t, ok)
	require.Len(t, members, 4)
	require.Equal(t, []uint32{write[2], write[1]}, []uint32{members[1], members[3]})
	require.Equal(t, columns.Object, v.Kind(c.In[1]))

	for _, is := range []func(uint32) bool{
		func(id uint32) bool { _, ok := v.Elements(id); return ok },
		func(id uint32) bool { _, ok := v.Members(id); return ok },
		func(id uint32) bool { _, ok := v.Text(id); return ok },
		func(id uint32) bool { _, ok := v.Int(id); return ok },
	} {
		require.False(t, is(0), "nil is none of them")
	}
}

func TestNames(t *testing.T) {
	c, err := columns.Of(history.New([]history.Event{{Kind: history.Invoke, F: "read"}, {Kind: history.Invoke, Process: 1, F: "write"}}))
	require.NoError(t, err)
	require.Equal(t, 3, c.Functions.Len())
	id, ok := c.Functions.Find("write")
	require.True(t, ok)
	require.Equal(t, c.F[1], id)
	_, ok = c.Functions.Find("cas")
	require.False(t, ok)
}

func TestColumnsOfWhatIsNoHistory(t *testing.T) {
	_, err := columns.Of(history.New([]history.Event{{Kind: history.Complete, F: "read"}}))
	require.ErrorContains(t, err, "without having invoked it")
}

// recordTypical leaves the lanes of n operations in dir.
func recordTypical(t testing.TB, dir string, n int) {
	t.Helper()
	recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
	require.NoError(t, err)
	lane, err := recorder.Lane("w0")
	require.NoError(t, err)
	for i := range n {
		pair := historytest.Typical(i, 5)
		_, err := lane.Invoke(pair[0])
		require.NoError(t, err)
		_, err = lane.Complete(pair[1])
		require.NoError(t, err)
	}
	require.NoError(t, recorder.Close())
}

func load(t testing.TB, dir string) *columns.Columns {
	t.Helper()
	c, err := columns.Load(dir)
	require.NoError(t, err)
	h, err := history.ReadDir(dir)
	require.NoError(t, err)
	requireColumnsOf(t, h, c)
	return c
}

func TestLoadMakesTheFileOnce(t *testing.T) {
	dir := t.TempDir()
	recordTypical(t, dir, 100)
	load(t, dir)
	file := filepath.Join(dir, columns.FileName)
	require.NoFileExists(t, file, "an interrupted run has none")

	_, err := history.Seal(dir)
	require.NoError(t, err)
	load(t, dir)
	first, err := os.Stat(file)
	require.NoError(t, err)
	load(t, dir)
	second, err := os.Stat(file)
	require.NoError(t, err)
	require.True(t, os.SameFile(first, second), "it was not written again")
}

func TestSealWritesTheFile(t *testing.T) {
	dir := t.TempDir()
	recordTypical(t, dir, 100)
	sealed, err := columns.Seal(dir)
	require.NoError(t, err)
	require.Equal(t, 200, sealed.Count)
	first, err := os.Stat(filepath.Join(dir, columns.FileName))
	require.NoError(t, err)
	load(t, dir)
	second, err := os.Stat(filepath.Join(dir, columns.FileName))
	require.NoError(t, err)
	require.True(t, os.SameFile(first, second))
	again, err := columns.Seal(dir)
	require.NoError(t, err)
	require.Equal(t, sealed, again)
}

func TestSealKeepsEvidenceThatIsNoHistory(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lane-000.jsonl"), []byte(`{"t":1,"type":"ok","process":0}`+"\n"), 0o600))
	sealed, err := columns.Seal(dir)
	require.NoError(t, err)
	require.Equal(t, 1, sealed.Count)
	_, err = columns.Load(dir)
	require.ErrorContains(t, err, "event 0: process 0 completes")
}

func TestAFileThatDoesNotFitIsMadeAnew(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	recordTypical(t, dir, 50)
	recordTypical(t, other, 60)
	_, err := columns.Seal(dir)
	require.NoError(t, err)
	_, err = columns.Seal(other)
	require.NoError(t, err)
	path := filepath.Join(dir, columns.FileName)
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	foreign, err := os.ReadFile(filepath.Join(other, columns.FileName))
	require.NoError(t, err)
	cases := map[string][]byte{
		"of another history": foreign,
		"empty":              {},
		"garbage":            bytes.Repeat([]byte("garbage"), 100),
		"cut off":            good[:len(good)/2],
		"too long":           append(bytes.Clone(good), 0),
	}
	for i := 0; i < len(good); i += 97 {
		flipped := bytes.Clone(good)
		flipped[i] ^= 0x10
		cases[fmt.Sprint("a bit flipped in byte ", i)] = flipped
	}
	for name, file := range cases {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, file, 0o600))
			load(t, dir)
			now, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(good, now))
		})
	}
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	recordTypical(t, dir, 10)
	_, err := history.Seal(dir)
	require.NoError(t, err)
	// A folder in its place cannot be replaced by a file, whoever tries.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, columns.FileName, "in the way"), 0o700))
	load(t, dir)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "no temporary file stays")
}

func TestAnAlteredHistoryIsNotLoaded(t *testing.T) {
	dir := t.TempDir()
	recordTypical(t, dir, 10)
	_, err := columns.Seal(dir)
	require.NoError(t, err)
	path := filepath.Join(dir, history.SealedName)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o600))
	_, err = columns.Load(dir)
	require.Error(t, err)
	_, err = columns.Load(t.TempDir())
	require.ErrorIs(t, err, history.ErrNoHistory)
}
