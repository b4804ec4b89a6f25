package core

import (
	"bytes"
	"encoding/binary"
	"slices"

	"go.etcd.io/raft/v3"
)

// readRetryTicks is after how many ticks a ReadIndex is asked for again: its
// messages may be lost, and asking twice does no harm.
const readRetryTicks = 5

// reads are the queries that wait for a linearizable read. Those that came
// since the last round share one ReadIndex.
type reads struct {
	next uint64
	// fresh have not been asked for yet.
	fresh []pendingQuery
	// asked wait for their ReadIndex, oldest first.
	asked []*readBatch
	// confirmed may be answered once their index is applied.
	confirmed []*readBatch
}

type pendingQuery struct {
	request uint64
	query   Query
}

type readBatch struct {
	// number is part of the context of the ReadIndex, at the tick at which it
	// was last asked for, index what came of it.
	number, at, index uint64
	queries           []pendingQuery
}

// Query takes a query. It is answered by a reply to request, or never.
func (c *Core) Query(id uint64, query Query) {
	c.requests[id] = request{}
	if query.Local || c.readsHere() {
		result, page := c.state.Read(query)
		c.answer(id, result, page)
		return
	}
	c.reads.fresh = append(c.reads.fresh, pendingQuery{id, query})
}

// flushReads asks Raft for a read index for all fresh queries.
func (c *Core) flushReads() {
	fresh, status := c.reads.fresh, c.raft.BasicStatus()
	if len(fresh) == 0 || c.unsureOfCommit(status) {
		return
	}
	c.reads.fresh = nil
	if status.Lead == raft.None {
		for _, q := range fresh {
			c.answer(q.request, Result{Code: NoLeader}, Page{})
		}
		return
	}
	c.reads.next++
	c.reads.asked = append(c.reads.asked, &readBatch{number: c.reads.next, at: c.ticks, queries: fresh})
	c.raft.ReadIndex(c.readContext(c.reads.next))
}

// unsureOfCommit is true of a leader that has not committed an entry of its own
// term and so may not know all that its predecessors committed. Raft has reads
// wait for that, but for a node without peers: that one would answer with the
// commit index that it found on disk, which is written without fsync.
func (c *Core) unsureOfCommit(status raft.BasicStatus) bool {
	if status.RaftState != raft.StateLeader {
		return false
	}
	term, err := c.storage.Term(status.GetCommit())
	return err != nil || term != status.GetTerm()
}

// readContext names a ReadIndex among those of all incarnations.
func (c *Core) readContext(number uint64) []byte {
	context := binary.BigEndian.AppendUint64(nil, c.config.Incarnation)
	return binary.BigEndian.AppendUint64(context, number)
}

// retryReads asks again for what was not answered, and drops what nobody waits
// for any more.
func (c *Core) retryReads() {
	asked := c.reads.asked[:0]
	for _, batch := range c.reads.asked {
		if c.ticks-batch.at >= readRetryTicks {
			batch.at = c.ticks
			batch.queries = slices.DeleteFunc(batch.queries, func(q pendingQuery) bool {
				_, waiting := c.requests[q.request]
				return !waiting
			})
			if len(batch.queries) == 0 {
				continue
			}
			c.raft.ReadIndex(c.readContext(batch.number))
		}
		asked = append(asked, batch)
	}
	clear(c.reads.asked[len(asked):])
	c.reads.asked = asked
}

// confirm takes a read index from Raft.
func (c *Core) confirm(state raft.ReadState) {
	for i, batch := range c.reads.asked {
		if bytes.Equal(state.RequestCtx, c.readContext(batch.number)) {
			c.reads.asked = slices.Delete(c.reads.asked, i, i+1)
			batch.index = state.Index
			c.reads.confirmed = append(c.reads.confirmed, batch)
			return
		}
	}
}

// answerReads answers the queries whose index has been applied.
func (c *Core) answerReads() {
	waiting := c.reads.confirmed[:0]
	for _, batch := range c.reads.confirmed {
		if batch.index > c.applied {
			waiting = append(waiting, batch)
			continue
		}
		for _, q := range batch.queries {
			result, page := c.state.Read(q.query)
			c.answer(q.request, result, page)
		}
	}
	clear(c.reads.confirmed[len(waiting):])
	c.reads.confirmed = waiting
}
