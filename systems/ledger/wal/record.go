package wal

import (
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/tertium-dev/tertium/systems/ledger/core"
	"github.com/tertium-dev/tertium/systems/ledger/frame"
)

// messageOf puts a batch into the message that Raft itself defines for writes
// to storage.
func messageOf(b core.Batch) *raftpb.Message {
	m := &raftpb.Message{Type: raftpb.MsgStorageAppend.Enum(), Entries: b.Entries, Snapshot: b.Snapshot}
	if b.HardState != nil {
		m.Term, m.Vote, m.Commit = new(b.HardState.GetTerm()), new(b.HardState.GetVote()), new(b.HardState.GetCommit())
	}
	return m
}

func marshal(m *raftpb.Message) []byte {
	data, err := proto.Marshal(m)
	if err != nil {
		// Marshalling fails only for strings that are not UTF-8 and for required
		// fields that are missing; these messages have neither.
		panic(fmt.Sprintf("marshal %v: %v", m.GetType(), err))
	}
	return data
}

// replay returns what the bytes of a log hold, how many of them are whole frames,
// and, if asked to accept it, the payload of a torn frame behind them.
func replay(data []byte, acceptTorn bool) (found core.Recovered, whole int, salvaged []byte, err error) {
	records, whole, err := read(data)
	if err != nil {
		return found, 0, nil, err
	}
	if acceptTorn {
		if m := salvage(records, data[whole:]); m != nil {
			records, salvaged = append(records, m), marshal(m)
		}
	}
	found, err = fold(records)
	return found, whole, salvaged, err
}

// read returns the records of the whole frames that data begins with, and how
// long they are together.
func read(data []byte) (records []*raftpb.Message, whole int, err error) {
	for whole < len(data) {
		payload, size, err := frame.Next(data[whole:])
		if err != nil {
			behind := frame.Find(data[whole:])
			if whole == 0 {
				return nil, 0, fmt.Errorf("%w at its beginning: %w", ErrDamaged, err)
			}
			if behind >= 0 {
				return nil, 0, fmt.Errorf("%w at byte %d, with a whole frame behind at %d: %w", ErrDamaged, whole, whole+behind, err)
			}
			return records, whole, nil
		}
		m := &raftpb.Message{}
		if err := proto.Unmarshal(payload, m); err != nil {
			return nil, 0, fmt.Errorf("%w at byte %d: %w", ErrDamaged, whole, err)
		}
		records = append(records, m)
		whole += size
	}
	return records, whole, nil
}

// fold takes records together.
func fold(records []*raftpb.Message) (core.Recovered, error) {
	var found core.Recovered
	next := uint64(2)
	for n, m := range records {
		if !raft.IsEmptySnap(m.GetSnapshot()) {
			if n > 0 {
				return found, fmt.Errorf("%w: snapshot in frame %d", ErrDamaged, n)
			}
			found.Snapshot = m.GetSnapshot()
			next = found.Snapshot.GetMetadata().GetIndex() + 1
		}
		if m.Term != nil {
			found.HardState = &raftpb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}
		}
		for _, e := range m.GetEntries() {
			index, first := e.GetIndex(), next-uint64(len(found.Entries))
			if index < first || index > next {
				return found, fmt.Errorf("%w: entry %d in frame %d, want %d to %d", ErrDamaged, index, n, first, next)
			}
			found.Entries = append(found.Entries[:index-first], e)
			next = index + 1
		}
	}
	return found, nil
}

// salvage reads what it can of a torn frame without a look at its checksum.
func salvage(records []*raftpb.Message, tail []byte) *raftpb.Message {
	payload, _, err := frame.Unchecked(tail)
	if err != nil || len(payload) == 0 {
		return nil
	}
	m := &raftpb.Message{}
	if proto.Unmarshal(payload, m) != nil {
		return nil
	}
	if _, err := fold(append(records[:len(records):len(records)], m)); err != nil {
		return nil
	}
	return m
}
