package proxy

import (
	"errors"
	"fmt"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// maxMessage bounds what is held back until a message is whole.
const maxMessage = 16 << 20

var (
	errTooLong  = errors.New("no end of a message in 16 MiB")
	errNotAsked = errors.New("a reply that answers no request")
)

// cutter cuts one direction of a connection into messages.
type cutter struct {
	conn   *conn
	framer cluster.Framer // nil for chunks
	reply  bool
	buffer []byte
	seq    uint64 // of the next request or chunk
	// correlator is the framer, if it is one.
	correlator cluster.Correlator
}

func newCutter(c *conn, reply bool) cutter {
	k := cutter{conn: c, framer: c.link.framer, reply: reply}
	k.correlator, _ = c.link.framer.(cluster.Correlator)
	if !reply && greets(k.framer) {
		k.seq = 1 // what the server says first is reply 0
	}
	return k
}

// greets reports whether the server speaks first.
func greets(framer cluster.Framer) bool {
	g, ok := framer.(cluster.Greeter)
	return ok && g.Greets()
}

// cut takes what was read and calls judge for each message that is now whole.
// The bytes become the cutter's.
func (k *cutter) cut(data []byte, ended bool, judge func(cluster.Message)) {
	if len(k.buffer) == 0 {
		k.buffer = data
	} else {
		k.buffer = append(k.buffer, data...)
	}
	for len(k.buffer) > 0 {
		if k.framer == nil || k.conn.pairs.isRaw() {
			k.chunk(judge)
			return
		}
		whole, err := k.next(ended, judge)
		if err != nil {
			if k.conn.pairs.misunderstood() {
				k.conn.link.misread.add(err)
			}
			continue
		}
		if !whole {
			break
		}
	}
	if ended && len(k.buffer) > 0 {
		// The rest of a message whose end never came.
		k.chunk(judge)
	}
}

// next cuts off the first whole message, if there is one.
func (k *cutter) next(ended bool, judge func(cluster.Message)) (bool, error) {
	if !k.reply {
		n, err := k.length(k.framer.Request(k.buffer))
		if n == 0 || err != nil {
			return false, err
		}
		k.seq++
		judge(cluster.Message{Conn: k.conn.id, Seq: k.seq - 1, Framed: true, Bytes: k.take(n)})
		return true, nil
	}
	if k.correlator != nil {
		return k.nextCorrelated(ended, judge)
	}
	asked, ok := k.conn.pairs.oldest()
	if !ok {
		return false, errNotAsked
	}
	n, err := k.length(k.framer.Reply(k.buffer, asked.bytes, ended))
	if n == 0 || err != nil {
		return false, err
	}
	k.conn.pairs.answered()
	judge(cluster.Message{
		Conn: k.conn.id, Seq: asked.seq, Reply: true, Framed: true,
		Bytes: k.take(n), Request: asked.bytes,
	})
	return true, nil
}

// nextCorrelated is next for messages of a node that may answer any request, or
// none.
func (k *cutter) nextCorrelated(ended bool, judge func(cluster.Message)) (bool, error) {
	n, err := k.length(k.framer.Reply(k.buffer, nil, ended))
	if n == 0 || err != nil {
		return false, err
	}
	m := cluster.Message{Conn: k.conn.id, Reply: true, Framed: true, Bytes: k.take(n)}
	if asked, ok := k.conn.pairs.answeredBy(k.correlator, m.Bytes); ok {
		m.Seq, m.Request = asked.seq, asked.bytes
	}
	judge(m)
	return true, nil
}

// length checks what a framer said.
func (k *cutter) length(n int, err error) (int, error) {
	switch {
	case err != nil:
		return 0, fmt.Errorf("not %s: %w", k.framer.Name(), err)
	case n < 0 || n > len(k.buffer):
		return 0, fmt.Errorf("framer %s found a message of %d bytes in %d", k.framer.Name(), n, len(k.buffer))
	case n == 0 && len(k.buffer) > maxMessage:
		return 0, fmt.Errorf("not %s: %w", k.framer.Name(), errTooLong)
	}
	return n, nil
}

// chunk passes all that is there as one chunk.
func (k *cutter) chunk(judge func(cluster.Message)) {
	k.seq++
	judge(cluster.Message{Conn: k.conn.id, Seq: k.seq - 1, Reply: k.reply, Bytes: k.take(len(k.buffer))})
}

// take cuts off the first n bytes. What is appended later never touches them.
func (k *cutter) take(n int) []byte {
	bytes := k.buffer[:n:n]
	k.buffer = k.buffer[n:]
	return bytes
}
