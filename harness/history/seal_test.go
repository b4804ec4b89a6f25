package history_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

// recordSome leaves the lanes of n operations by two clients in dir.
func recordSome(t testing.TB, dir string, n int) {
	t.Helper()
	recorder := newRecorder(t, dir)
	lanes := []*history.Lane{newLane(t, recorder, "w0"), newLane(t, recorder, "w1")}
	stamp := time.Duration(0)
	for i := range n {
		for process, lane := range lanes {
			stamp += 2
			require.NoError(t, lane.Append([]history.Event{
				{Time: stamp, Kind: history.Invoke, Process: process, F: "write", Key: "k", Value: int64(2*i + process)},
				{Time: stamp + 1, Kind: history.Complete, Outcome: history.OK, Process: process, F: "write", Key: "k"},
			}))
		}
	}
	require.NoError(t, recorder.Close())
}

func sealSome(t testing.TB, n int) (dir string, sealed history.Sealed) {
	t.Helper()
	dir = t.TempDir()
	recordSome(t, dir, n)
	sealed, err := history.Seal(dir)
	require.NoError(t, err)
	return dir, sealed
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func readText(t testing.TB, dir string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, history.SealedName))
	require.NoError(t, err)
	decoder, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer decoder.Close()
	text, err := decoder.DecodeAll(file, nil)
	require.NoError(t, err)
	return text
}

func writeText(t testing.TB, dir string, text []byte) {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, history.SealedName), encoder.EncodeAll(text, nil), 0o600))
}

// chained is the sealed form of these lines, made as it is documented.
func chained(bare []string) (text, head string) {
	var lines strings.Builder
	link := make([]byte, sha256.Size)
	for i, line := range bare {
		next := sha256.Sum256(append(link, line...))
		link = next[:]
		locator := link[:8]
		if i == len(bare)-1 {
			locator = link
		}
		fmt.Fprintf(&lines, "%s,\"chain\":\"%x\"}\n", strings.TrimSuffix(line, "}"), locator)
	}
	return lines.String(), hex.EncodeToString(link)
}

func TestSealedFormsThatNobodySealed(t *testing.T) {
	cases := map[string]struct {
		bare []string
		want string
	}{
		"another count":   {[]string{`{"type":"history","version":1}`, `{"i":0,"t":2,"type":"phase"}`, `{"type":"seal","count":2}`}, "does not say that there are 1 events"},
		"another version": {[]string{`{"type":"history","version":2}`, `{"type":"seal","count":0}`}, "version 2"},
		"another header":  {[]string{`{"type":"phase","t":1}`, `{"type":"seal","count":0}`}, "does not say that this is a sealed history"},
		"another index":   {[]string{`{"type":"history","version":1}`, `{"i":1,"t":2,"type":"phase"}`, `{"type":"seal","count":1}`}, "the event has index 1, and 0 events are before it"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text, _ := chained(c.bare)
			writeText(t, dir, []byte(text))
			_, err := history.ReadDir(dir)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestSealedFormIsAsDocumented(t *testing.T) {
	dir, sealed := sealSome(t, 1)
	require.Equal(t, []string{history.SealedName}, names(t, dir))
	require.Equal(t, 4, sealed.Count)
	bare := []string{
		`{"type":"history","version":1}`,
		`{"i":0,"t":2,"type":"invoke","process":0,"f":"write","key":"k","value":0}`,
		`{"i":1,"t":3,"type":"ok","process":0,"f":"write","key":"k"}`,
		`{"i":2,"t":4,"type":"invoke","process":1,"f":"write","key":"k","value":1}`,
		`{"i":3,"t":5,"type":"ok","process":1,"f":"write","key":"k"}`,
		`{"type":"seal","count":4}`,
	}
	want, head := chained(bare)
	require.Equal(t, want, string(readText(t, dir)))
	require.Equal(t, head, sealed.Head)
	verified, err := history.Verify(filepath.Join(dir, history.SealedName))
	require.NoError(t, err)
	require.Equal(t, sealed, verified)
}

func TestSealOfTheSameLanesIsTheSame(t *testing.T) {
	_, first := sealSome(t, 100)
	_, second := sealSome(t, 100)
	require.Equal(t, first, second)
	_, other := sealSome(t, 99)
	require.NotEqual(t, first.Head, other.Head)
}

func TestSealingTwice(t *testing.T) {
	dir, sealed := sealSome(t, 3)
	again, err := history.Seal(dir)
	require.NoError(t, err)
	require.Equal(t, sealed, again)
}

func TestWatchersSeeEveryEventOnce(t *testing.T) {
	dir := t.TempDir()
	recordSome(t, dir, 3)
	want, err := history.ReadDir(dir)
	require.NoError(t, err)
	var seen []history.Event
	watch := func(e *history.Event) error {
		seen = append(seen, *e)
		return nil
	}
	refused := errors.New("refused")
	_, err = history.Seal(dir, func(*history.Event) error { return refused })
	require.ErrorIs(t, err, refused)
	require.Equal(t, []string{"lane-000.jsonl", "lane-001.jsonl"}, names(t, dir), "nothing was sealed, nothing is left")
	_, err = history.Seal(dir, watch)
	require.NoError(t, err)
	require.Equal(t, want.Events, seen)
	_, err = history.Seal(dir, watch)
	require.NoError(t, err)
	require.Len(t, seen, len(want.Events), "it was sealed before")
}

func TestEachStopsAtAnError(t *testing.T) {
	dir, sealed := sealSome(t, 3)
	refused := errors.New("refused")
	for stop := range sealed.Count {
		calls := 0
		_, err := history.Each(dir, func(e *history.Event) error {
			require.Equal(t, calls, e.Index)
			if calls++; calls > stop {
				return refused
			}
			return nil
		})
		require.ErrorIs(t, err, refused)
		require.Equal(t, stop+1, calls)
	}
}

func TestEventsOfOneMomentKeepTheOrderOfLanes(t *testing.T) {
	dir := t.TempDir()
	for i := range 12 {
		name := fmt.Sprintf("lane-%03d.jsonl", 995+i)
		line := fmt.Sprintf("{\"t\":5,\"type\":\"phase\",\"f\":\"%d\"}\n", 995+i)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(line), 0o600))
	}
	h, err := history.ReadDir(dir)
	require.NoError(t, err)
	for i, e := range h.Events {
		require.Equal(t, fmt.Sprint(995+i), e.F)
	}
}

func TestSealOfAnEmptyRecording(t *testing.T) {
	dir := t.TempDir()
	recorder := newRecorder(t, dir)
	newLane(t, recorder, "w0")
	require.NoError(t, recorder.Close())
	sealed, err := history.Seal(dir)
	require.NoError(t, err)
	require.Zero(t, sealed.Count)
	h, err := history.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, h.Events)
}

func TestAFolderWithoutHistory(t *testing.T) {
	_, err := history.Seal(t.TempDir())
	require.ErrorIs(t, err, history.ErrNoHistory)
	_, err = history.ReadDir(t.TempDir())
	require.ErrorIs(t, err, history.ErrNoHistory)
	_, err = history.ReadDir(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A crash of Seal leaves one of these; each reads the same, and can be sealed.
func TestSealCanDieBetweenAnyTwoSteps(t *testing.T) {
	whole, sealed := sealSome(t, 5)
	file, err := os.ReadFile(filepath.Join(whole, history.SealedName))
	require.NoError(t, err)
	want, err := history.ReadDir(whole)
	require.NoError(t, err)
	cases := map[string]func(t *testing.T, dir string){
		"before the temporary file": func(*testing.T, string) {},
		"in the temporary file": func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, history.SealedName+".tmp"), file[:len(file)/2], 0o600))
		},
		"before the rename": func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, history.SealedName+".tmp"), file, 0o600))
		},
		"after the rename": func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, history.SealedName), file, 0o600))
		},
		"after the first lane": func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, history.SealedName), file, 0o600))
			require.NoError(t, os.Remove(filepath.Join(dir, "lane-000.jsonl")))
		},
	}
	for name, die := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			recordSome(t, dir, 5)
			die(t, dir)
			h, err := history.ReadDir(dir)
			require.NoError(t, err)
			require.Equal(t, want, h)
			again, err := history.Seal(dir)
			require.NoError(t, err)
			require.Equal(t, sealed, again)
			require.Equal(t, []string{history.SealedName}, names(t, dir))
		})
	}
}

func TestVerifyNamesTheFirstAlteredLine(t *testing.T) {
	dir, sealed := sealSome(t, 4)
	text := readText(t, dir)
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines = lines[:len(lines)-1]
	check := func(t *testing.T, altered []byte, line, index int) {
		t.Helper()
		writeText(t, dir, altered)
		_, err := history.Verify(filepath.Join(dir, history.SealedName))
		var broken *history.ChainError
		require.True(t, errors.As(err, &broken), "%v", err)
		require.Equal(t, line, broken.Line, "%v", err)
		require.Equal(t, index, broken.Index, "%v", err)
		_, err = history.ReadDir(dir)
		require.Error(t, err)
		_, err = history.Seal(dir)
		require.Error(t, err, "an altered history is not sealed again")
	}
	t.Run("any byte", func(t *testing.T) {
		at := 0
		for i, line := range lines {
			index := i - 1
			if i == len(lines)-1 {
				index = -1
			}
			for j := 0; j < len(line)-1; j += 7 {
				altered := bytes.Clone(text)
				altered[at+j] ^= 1
				if altered[at+j] == '\n' {
					continue
				}
				if i == len(lines)-1 && j < len(`{"type":"seal"`) {
					continue // then it is no trailer: tested below
				}
				check(t, altered, i+1, index)
			}
			at += len(line)
		}
	})
	without := func(i, j int) []byte { return bytes.Join(append(append([][]byte{}, lines[:i]...), lines[j:]...), nil) }
	t.Run("line removed", func(t *testing.T) { check(t, without(3, 4), 4, 2) })
	t.Run("header removed", func(t *testing.T) { check(t, without(0, 1), 1, -1) })
	t.Run("end removed", func(t *testing.T) { check(t, without(len(lines)-1, len(lines)), len(lines), len(lines)-2) })
	t.Run("last events removed", func(t *testing.T) { check(t, without(len(lines)-3, len(lines)-1), len(lines)-2, -1) })
	t.Run("cut in a line", func(t *testing.T) { check(t, text[:len(text)-len(lines[len(lines)-1])-5], len(lines)-1, len(lines)-3) })
	t.Run("something added", func(t *testing.T) { check(t, append(bytes.Clone(text), "{}\n"...), len(lines)+1, -1) })
	t.Run("lines swapped", func(t *testing.T) {
		swapped := append([][]byte{}, lines...)
		swapped[2], swapped[3] = swapped[3], swapped[2]
		check(t, bytes.Join(swapped, nil), 3, 1)
	})
	t.Run("compressed bytes cut", func(t *testing.T) {
		writeText(t, dir, text)
		path := filepath.Join(dir, history.SealedName)
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, file[:len(file)-3], 0o600))
		_, err = history.Verify(path)
		require.Error(t, err)
	})
	t.Run("nothing", func(t *testing.T) {
		writeText(t, dir, text)
		again, err := history.Verify(filepath.Join(dir, history.SealedName))
		require.NoError(t, err)
		require.Equal(t, sealed, again)
	})
}

// Whatever byte the harness was killed at, the folder reads: the events before
// it are there, and what was torn is named.
func TestLanesCutAtAnyByte(t *testing.T) {
	source := t.TempDir()
	recordSome(t, source, 2)
	first, err := os.ReadFile(filepath.Join(source, "lane-000.jsonl"))
	require.NoError(t, err)
	second, err := os.ReadFile(filepath.Join(source, "lane-001.jsonl"))
	require.NoError(t, err)
	for cut := range len(second) + 1 {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "lane-000.jsonl"), first, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "lane-001.jsonl"), second[:cut], 0o600))
		h, err := history.ReadDir(dir)
		require.NoError(t, err)
		whole := bytes.Count(second[:cut], []byte("\n"))
		require.Len(t, h.Events, 4+whole)
		if torn := cut - 1 - bytes.LastIndexByte(second[:cut], '\n'); torn > 0 {
			require.Equal(t, fmt.Sprintf("%d bytes at the end of lane-001.jsonl", torn), h.Torn)
		} else {
			require.Empty(t, h.Torn)
		}
		sealed, err := history.Seal(dir)
		require.NoError(t, err)
		require.Equal(t, h.Torn, sealed.Torn)
		again, err := history.ReadDir(dir)
		require.NoError(t, err)
		require.Equal(t, h, again)
	}
}

func TestBrokenLanesSayWhere(t *testing.T) {
	cases := map[string]struct{ lane, want string }{
		"not JSON":                           {"{\"t\":1,\"type\":\"phase\"}\nhello\n", "lane-000.jsonl:2:1: found 'h'"},
		"no stamp":                           {`{"type":"phase"}` + "\n", `:1:17: the event lacks its "t"`},
		"unknown type":                       {`{"t":1,"type":"info"}` + "\n", `the type "info" is none of`},
		"unknown field":                      {`{"t":1,"type":"phase","color":"red"}` + "\n", `no field "color"`},
		"field twice":                        {`{"t":1,"t":2,"type":"phase"}` + "\n", `two fields "t"`},
		"two events a line":                  {`{"t":1,"type":"phase"}{"t":2,"type":"phase"}` + "\n", "one event a line"},
		"empty line":                         {"\n", ":1:1: it ends where"},
		"time goes back":                     {"{\"t\":2,\"type\":\"phase\"}\n{\"t\":1,\"type\":\"phase\"}\n", ":2:1: its time 1 is before"},
		"fraction of a time":                 {`{"t":1.5,"type":"phase"}` + "\n", "whole number"},
		"huge process":                       {`{"t":1,"type":"ok","process":99999999999999999999}` + "\n", "whole number"},
		"index in a lane":                    {`{"i":0,"t":1,"type":"phase"}` + "\n", `remove the field "i"`},
		"not a history":                      {`{"t":1,"type":"ok","process":0,"f":"read"}` + "\n", "event 0: process 0 completes"},
		"zeros after a crash of the machine": {"{\"t\":1,\"type\":\"phase\"}\n\x00\x00\n", "found '\\x00'"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "lane-000.jsonl"), []byte(c.lane), 0o600))
			_, err := history.ReadDir(dir)
			require.ErrorContains(t, err, c.want)
		})
	}
}
