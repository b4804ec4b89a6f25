package wal_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/tertium-dev/tertium/systems/ledger/core"
	"github.com/tertium-dev/tertium/systems/ledger/wal"
)

func entry(index, term uint64, data string) *raftpb.Entry {
	return &raftpb.Entry{Index: new(index), Term: new(term), Data: []byte(data)}
}

func state(term, vote, commit uint64) *raftpb.HardState {
	return &raftpb.HardState{Term: new(term), Vote: new(vote), Commit: new(commit)}
}

func snapshot(index, term uint64, data string) *raftpb.Snapshot {
	return &raftpb.Snapshot{
		Data: []byte(data),
		Metadata: &raftpb.SnapshotMetadata{
			Index: new(index), Term: new(term), ConfState: &raftpb.ConfState{Voters: []uint64{1}},
		},
	}
}

// text describes what was recovered, so that a difference can be read.
func text(found core.Recovered) string {
	var b bytes.Buffer
	if s := found.Snapshot; s != nil {
		fmt.Fprintf(&b, "snapshot %d/%d %q ", s.GetMetadata().GetIndex(), s.GetMetadata().GetTerm(), s.GetData())
	}
	if h := found.HardState; h != nil {
		fmt.Fprintf(&b, "state %d/%d/%d", h.GetTerm(), h.GetVote(), h.GetCommit())
	}
	for _, e := range found.Entries {
		fmt.Fprintf(&b, " %d/%d:%s", e.GetIndex(), e.GetTerm(), e.GetData())
	}
	return b.String()
}

func open(t require.TestingT, dir string, options wal.Options) (*wal.Log, string, int) {
	log, found, cut, err := wal.Open(dir, options)
	require.NoError(t, err)
	return log, text(found), cut
}

// write opens the log in dir, writes batches and ends without closing it, as
// kill -9 does.
func write(t require.TestingT, dir string, batches ...core.Batch) {
	log, _, _ := open(t, dir, wal.Options{})
	for _, b := range batches {
		require.NoError(t, log.Write(b))
	}
}

func TestRecovery(t *testing.T) {
	for name, test := range map[string]struct {
		batches []core.Batch
		want    string
	}{
		"nothing": {nil, ""},
		"entries": {
			[]core.Batch{
				{HardState: state(1, 2, 1), Entries: []*raftpb.Entry{entry(2, 1, "a"), entry(3, 1, "b")}, Sync: true},
				{HardState: state(1, 2, 3)},
				{Entries: []*raftpb.Entry{entry(4, 1, "c")}, Sync: true},
			},
			"state 1/2/3 2/1:a 3/1:b 4/1:c",
		},
		"entries that replace others": {
			[]core.Batch{
				{Entries: []*raftpb.Entry{entry(2, 1, "a"), entry(3, 1, "b"), entry(4, 1, "c")}, Sync: true},
				{HardState: state(2, 0, 1), Entries: []*raftpb.Entry{entry(3, 2, "x")}, Sync: true},
			},
			"state 2/0/1 2/1:a 3/2:x",
		},
		"snapshot": {
			[]core.Batch{
				{HardState: state(1, 1, 2), Entries: []*raftpb.Entry{entry(2, 1, "a"), entry(3, 1, "b")}, Sync: true},
				{Snapshot: snapshot(2, 1, "S"), HardState: state(1, 1, 2), Entries: []*raftpb.Entry{entry(3, 1, "b")}, Sync: true},
				{Entries: []*raftpb.Entry{entry(4, 1, "c")}, Sync: true},
			},
			`snapshot 2/1 "S" state 1/1/2 3/1:b 4/1:c`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, test.batches...)
			log, found, cut := open(t, dir, wal.Options{})
			require.Equal(t, test.want, found)
			require.Zero(t, cut)
			require.NoError(t, log.Close())
		})
	}
}

// history is a log with an acknowledged part and one batch that was being
// written when the node crashed.
func history() (acked []core.Batch, torn core.Batch, want string) {
	acked = []core.Batch{
		{Snapshot: snapshot(5, 2, "S"), HardState: state(2, 1, 5), Sync: true},
		{HardState: state(3, 1, 5), Entries: []*raftpb.Entry{entry(6, 3, "")}, Sync: true},
		{HardState: state(3, 1, 6), Entries: []*raftpb.Entry{entry(7, 3, "a"), entry(8, 3, "b")}, Sync: true},
	}
	torn = core.Batch{HardState: state(3, 1, 8), Entries: []*raftpb.Entry{entry(9, 3, "c"), entry(10, 3, "d")}, Sync: true}
	return acked, torn, `snapshot 5/2 "S" state 3/1/6 6/3: 7/3:a 8/3:b`
}

// Whatever a crash leaves of the last batch, recovery finds what was
// acknowledged, and a log that can be written to.
func TestTornTail(t *testing.T) {
	acked, torn, want := history()
	dir := t.TempDir()
	path := filepath.Join(dir, wal.Name)
	write(t, dir, acked...)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	write(t, dir, torn)
	after, err := os.ReadFile(path)
	require.NoError(t, err)

	recovers := func(data []byte, what string, n int) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		log, found, cut := open(t, dir, wal.Options{})
		require.Equal(t, want, found, "%s %d", what, n)
		require.Equal(t, len(data)-len(before), cut, "%s %d", what, n)
		if n%8 != 0 {
			return
		}
		require.NoError(t, log.Write(core.Batch{Entries: []*raftpb.Entry{entry(9, 4, "x")}, Sync: true}))
		_, found, _ = open(t, dir, wal.Options{})
		require.Equal(t, want+" 9/4:x", found, "%s %d, then written to", what, n)
	}
	for n := len(before); n < len(after); n++ {
		recovers(after[:n], "cut after byte", n)
		padded := append(bytes.Clone(after[:n]), make([]byte, len(after)-n)...)
		if !bytes.Equal(padded, after) {
			recovers(padded, "zeros from byte", n)
		}
	}
	for bit := len(before) * 8; bit < len(after)*8; bit++ {
		flipped := bytes.Clone(after)
		flipped[bit/8] ^= 1 << (bit % 8)
		recovers(flipped, "flipped bit", bit)
	}
}

// Damage before the last batch is not a torn write, and what is behind it was
// acknowledged: recovery must not go on without it.
func TestDamage(t *testing.T) {
	acked, last, _ := history()
	dir := t.TempDir()
	path := filepath.Join(dir, wal.Name)
	write(t, dir, acked...)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	write(t, dir, last)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for bit := range len(before) * 8 {
		flipped := bytes.Clone(whole)
		flipped[bit/8] ^= 1 << (bit % 8)
		require.NoError(t, os.WriteFile(path, flipped, 0o600))
		_, _, _, err := wal.Open(dir, wal.Options{})
		require.ErrorIs(t, err, wal.ErrDamaged, "bit %d", bit)
	}
	for n := range 20 {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		_, _, _, err := wal.Open(dir, wal.Options{})
		if n > 0 {
			require.ErrorIs(t, err, wal.ErrDamaged, "the first frame cut after %d bytes", n)
		}
	}
}

// What Tear leaves is nothing to a correct log, and becomes an entry for one
// that does not check.
func TestTear(t *testing.T) {
	acked, _, want := history()
	dir := t.TempDir()
	path := filepath.Join(dir, wal.Name)
	write(t, dir, acked...)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	taken := 0
	for salt := range uint64(64) {
		require.NoError(t, os.WriteFile(path, whole, 0o600))
		what, err := wal.Tear(dir, salt)
		require.NoError(t, err)
		require.Contains(t, what, "entry 9 in term 3")
		torn, err := os.ReadFile(path)
		require.NoError(t, err)

		_, found, cut := open(t, dir, wal.Options{})
		require.Equal(t, want, found, "salt %d", salt)
		require.Positive(t, cut, "salt %d", salt)

		require.NoError(t, os.WriteFile(path, torn, 0o600))
		_, found, _ = open(t, dir, wal.Options{AcceptTorn: true})
		if found != want {
			taken++
			require.Equal(t, want+" 9/3:", found, "salt %d", salt)
			_, found, cut = open(t, dir, wal.Options{})
			require.Equal(t, want+" 9/3:", found, "salt %d, taken for good", salt)
			require.Zero(t, cut)
		}
	}
	require.GreaterOrEqual(t, taken, 56, "most tears must be hard to tell from a whole frame")
}

func TestTearTwice(t *testing.T) {
	acked, _, want := history()
	dir := t.TempDir()
	write(t, dir, acked...)
	_, err := wal.Tear(dir, 1)
	require.NoError(t, err)
	what, err := wal.Tear(dir, 0)
	require.NoError(t, err)
	require.Contains(t, what, "nothing")
	_, found, _ := open(t, dir, wal.Options{})
	require.Equal(t, want, found)
	_, err = wal.Tear(t.TempDir(), 0)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestBufferedLosesWhatItPromised(t *testing.T) {
	dir := t.TempDir()
	log, _, _ := open(t, dir, wal.Options{Buffered: true})
	require.NoError(t, log.Write(core.Batch{Entries: []*raftpb.Entry{entry(2, 1, "a")}, Sync: true}))
	require.NoError(t, log.Flush())
	require.NoError(t, log.Write(core.Batch{Entries: []*raftpb.Entry{entry(3, 1, "b")}, Sync: true}))
	_, found, _ := open(t, dir, wal.Options{})
	require.Equal(t, " 2/1:a", found)
}
