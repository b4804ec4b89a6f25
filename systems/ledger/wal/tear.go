package wal

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/tertium-dev/tertium/systems/ledger/core"
	"github.com/tertium-dev/tertium/systems/ledger/frame"
)

// Tear leaves the log in dir, of a node that is down, as a crash in the middle
// of its next write would have left it: with the beginning of the frame of an
// entry that was never acknowledged, sometimes followed by zeros where the file
// had grown and the data had not arrived. It says what it wrote.
//
// A file system is free to leave any prefix of an unsynced write, so a correct
// node starts from this as if nothing had been written.
func Tear(dir string, salt uint64) (what string, err error) {
	path := filepath.Join(dir, Name)
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("tear log: %w", err)
	}
	records, whole, err := read(data)
	if err != nil {
		return "", fmt.Errorf("tear log %s: %w", path, err)
	}
	if whole < len(data) {
		return fmt.Sprintf("nothing: the log already ends in %d bytes of a torn frame", len(data)-whole), nil
	}
	found, err := fold(records)
	if err != nil {
		return "", fmt.Errorf("tear log %s: %w", path, err)
	}
	entry := nextEntry(found, salt)
	torn := tornFrame(entry, salt)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return "", fmt.Errorf("tear log: %w", err)
	}
	_, err = file.Write(torn)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", fmt.Errorf("tear log: %w", err)
	}
	return fmt.Sprintf("%d bytes of the frame of entry %d in term %d", len(torn), entry.GetIndex(), entry.GetTerm()), nil
}

// nextEntry is an entry that the node could have been writing.
func nextEntry(found core.Recovered, salt uint64) *raftpb.Entry {
	index, term := uint64(1), uint64(1)
	if found.Snapshot != nil {
		index, term = found.Snapshot.GetMetadata().GetIndex(), found.Snapshot.GetMetadata().GetTerm()
	}
	var last []byte
	for _, e := range found.Entries {
		index, term = e.GetIndex(), e.GetTerm()
		if len(e.GetData()) > 0 {
			last = e.GetData()
		}
	}
	if now := found.HardState.GetTerm(); now > term {
		// The first entry of a term is the empty one of its leader.
		term, last = now, nil
	}
	return &raftpb.Entry{Index: new(index + 1), Term: new(term), Data: core.Stray(last, salt)}
}

// tornFrame cuts the frame of an entry where salt says: mostly in its checksum,
// for a frame that lacks only that is the hardest to tell from a whole one.
func tornFrame(entry *raftpb.Entry, salt uint64) []byte {
	batch := core.Batch{Entries: []*raftpb.Entry{entry}}
	whole := frame.Append(nil, marshal(messageOf(batch)))
	switch where := salt / 16; salt % 16 {
	case 0:
		return whole[:1+where%uint64(len(whole)-1)]
	case 1:
		clear(whole[frame.HeaderSize:])
		return whole
	case 2, 3, 4:
		clear(whole[len(whole)-4:])
		return whole
	default:
		return whole[:len(whole)-1-int(where%4)]
	}
}
