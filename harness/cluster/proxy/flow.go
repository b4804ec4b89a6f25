package proxy

import (
	"slices"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/tertium-dev/tertium/harness/cluster"
)

const (
	// maxHeld bounds the bytes that are held back in one direction of a
	// connection. Past it the source is made to wait.
	maxHeld = 8 << 20
	// finishWithin bounds how long the end of a connection that the rules want
	// waits for a destination that does not read.
	finishWithin = time.Second
)

// flow takes one direction of a connection through the rules.
type flow struct {
	*half
	cutter cutter
	line   []held // in order
	bytes  int    // in line
	output chan<- *stream.StreamChunk
}

// held is a message that has been judged and not yet let go.
type held struct {
	cluster.Message
	sentence
	due time.Time // zero is at once
}

func newFlow(h *half) *flow {
	return &flow{half: h, cutter: newCutter(h.conn, h.reply)}
}

// run judges each message when it has come, and lets it go when it is due and
// those before it have gone.
func (f *flow) run(input <-chan *stream.StreamChunk, output chan<- *stream.StreamChunk) {
	f.output = output
	raw := f.conn.pairs.raw
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for ended := false; !ended || len(f.line) > 0; {
		in := input
		if ended || f.bytes > maxHeld {
			in = nil
		}
		select {
		case chunk := <-in:
			if chunk == nil {
				ended = true
				f.cutter.cut(nil, true, f.judgeNow)
			} else {
				arrived := chunk.Timestamp
				f.cutter.cut(chunk.Data, false, func(m cluster.Message) { f.judge(m, arrived) })
			}
		case <-raw:
			raw = nil
			f.cutter.cut(nil, false, f.judgeNow)
		case <-timer.C:
		case <-f.gone:
			return
		case <-f.conn.ctx.Done():
			return
		}
		if !f.release() {
			return
		}
		if len(f.line) > 0 {
			timer.Reset(time.Until(f.line[0].due))
		}
	}
}

func (f *flow) judgeNow(m cluster.Message) { f.judge(m, time.Now()) }

// judge asks the rules about a message and puts it in line.
func (f *flow) judge(m cluster.Message, arrived time.Time) {
	h := held{Message: m, sentence: f.conn.link.rules.judge(m)}
	if h.Delay > 0 {
		h.due = arrived.Add(h.Delay)
	}
	f.line = append(f.line, h)
	f.bytes += len(m.Bytes)
}

// release lets go what is due, in order, and says whether the direction goes
// on.
func (f *flow) release() bool {
	gone := 0
	defer func() {
		clear(f.line[:gone])
		f.line = f.line[gone:]
		if len(f.line) == 0 {
			f.line = nil
		}
	}()
	for _, h := range f.line {
		if !h.due.IsZero() && time.Until(h.due) > 0 {
			break
		}
		gone++
		f.bytes -= len(h.Bytes)
		if !f.execute(h) {
			return false
		}
	}
	return true
}

// execute does with a message what the rules said, and says whether the
// direction goes on.
func (f *flow) execute(h held) bool {
	if f.conn.doom() != 0 {
		return false
	}
	if h.Before != nil {
		h.Before()
	}
	if len(h.Copies) > 0 {
		f.conn.link.set.copies.send(f.conn.link, h)
	}
	bytes, last := h.Bytes, manner(0)
	switch {
	case h.Reset:
		bytes, last = nil, withReset
	case h.Drop:
		if !h.Framed {
			f.conn.tear(f.index(), h.droppedBy)
		}
		return true
	case !h.Framed && f.conn.hasGap(f.index()):
		// What should have come before this is lost.
		bytes, last = nil, withReset
	case h.Keep > 0:
		bytes, last = bytes[:min(h.Keep, len(bytes))], orderly
	}
	if h.ResetAfter {
		last = withReset
	}
	if last != 0 {
		// Before the bytes are passed, so that no answer to them gets through.
		if !f.conn.condemn(last) {
			return false
		}
		f.dooms = true
	}
	if h.Framed && !h.Reply {
		switch c := f.cutter.correlator; {
		case c == nil:
			f.conn.pairs.asked(h.Seq, h.Bytes)
		case c.Asks(h.Bytes):
			f.conn.pairs.mayBeAnswered(h.Seq, h.Bytes)
		}
	}
	return f.pass(bytes) && last == 0
}

// pass hands bytes on, and says whether the destination can take more. It does
// so in pieces that fit Toxiproxy's reader behind it, which forgets what is over
// of a longer one.
func (f *flow) pass(bytes []byte) bool {
	for piece := range slices.Chunk(bytes, bufferSize) {
		select {
		case f.output <- &stream.StreamChunk{Data: piece}:
		case <-f.gone:
			return false
		case <-f.conn.ctx.Done():
			return false
		}
	}
	return true
}
