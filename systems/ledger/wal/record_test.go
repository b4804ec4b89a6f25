package wal

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/tertium-dev/tertium/systems/ledger/core"
	"github.com/tertium-dev/tertium/systems/ledger/frame"
)

// Whatever a file holds, what is recovered from it is recovered again from its
// whole frames and what was salvaged.
func FuzzReplay(f *testing.F) {
	entry := func(index uint64) []*raftpb.Entry {
		return []*raftpb.Entry{{Index: new(index), Term: new(uint64(1)), Data: []byte("x")}}
	}
	data := frame.Append(nil, nil)
	for _, batch := range []core.Batch{{Entries: entry(2)}, {Entries: entry(3)}, {Entries: entry(2)}} {
		data = frame.Append(data, marshal(messageOf(batch)))
	}
	f.Add(data, false)
	f.Add(data[:len(data)-3], true)
	f.Fuzz(func(t *testing.T, data []byte, accept bool) {
		found, whole, salvaged, err := replay(data, accept)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		kept := data[:whole:whole]
		if salvaged != nil {
			require.True(t, accept)
			kept = frame.Append(kept, salvaged)
		}
		again, all, _, err := replay(kept, false)
		require.NoError(t, err)
		require.Equal(t, len(kept), all)
		require.Equal(t, bytesOf(found), bytesOf(again))
	})
}

func bytesOf(found core.Recovered) []byte {
	return marshal(messageOf(core.Batch{
		Snapshot: found.Snapshot, HardState: found.HardState, Entries: found.Entries,
	}))
}
