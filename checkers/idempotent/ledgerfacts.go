package idempotent

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/tertium-dev/tertium/harness/history"
)

// ledgerFacts are what a judge asks of the replies and the books of a ledger in
// columns. The values of a long history are far more than a processor's caches
// hold, so that to look into one costs more than all that is done with it. So
// each is looked into once, in the order in which they lie in memory, and what
// matters is put down beside what it is asked by. Goroutines share this work;
// each writes what no other one does.
type ledgerFacts struct {
	// told has, for each ok attempt, the id in its reply, and foreign whether
	// the reply is to another request.
	told    []ident
	foreign []bool
	// asked has the first request under each idem, by its number.
	asked []asked
	// entries has each value that a read-back lists, from number base on.
	entries []entryFact
	base    uint32
}

// mostFields is how many fields a request has at most that its effect repeats.
const mostFields = 3

// asked are the fields of a request that its effect repeats.
type asked struct {
	// function is the number of the function, plus one. It is 0 if there is no
	// such request, or the function is none of which these fields are known.
	function uint32
	fields   [mostFields]uint32
}

// entryFact is what is known of a value in the books of a scope.
type entryFact struct {
	// scope is the number of the scope's name, plus one; 0 if no books of which
	// this was asked hold it.
	scope uint32
	// idem is the number of the request that it is the effect of, or 0 if there
	// is none with that name.
	idem uint32
	id   ident
	// fits is whether it is what the first attempt under the idem asked for. If
	// not, it was not decided.
	fits bool
}

const (
	// replyStretch is how many operations, and entryStretch how many values, a
	// goroutine reads before it takes the next.
	replyStretch, entryStretch = 1 << 15, 1 << 16
	// mostReaders is how many goroutines read at once at most.
	mostReaders = 8
)

// readFacts begins to read what the judge will ask for, the books if they are
// wanted, while the caller goes on. It returns a function that lends a hand and
// waits for the end. The fields and first attempts must be known by now.
func (l *ledgerColumns) readFacts(ctx context.Context, books bool) (await func() error) {
	l.told = make([]ident, l.len())
	l.foreign = make([]bool, l.len())
	l.asked = make([]asked, l.Idems.Len())
	var entries, before []func()
	for from := 0; from < l.len(); from += replyStretch {
		before = append(before, func() { l.readReplies(int32(from), int32(min(from+replyStretch, l.len()))) })
	}
	if books && l.markEntries() {
		for from := 0; from < len(l.entries); from += entryStretch {
			entries = append(entries, func() { l.readEntries(from, min(from+entryStretch, len(l.entries))) })
		}
	}
	// Entries are compared with requests, so that these come first. Nobody waits
	// for what nobody does: tasks are taken in order.
	var ready, helpers sync.WaitGroup
	var taken atomic.Int64
	ready.Add(len(before))
	work := func() {
		for {
			task := int(taken.Add(1)) - 1
			switch {
			case task < len(before):
				if ctx.Err() == nil {
					before[task]()
				}
				ready.Done()
			case task < len(before)+len(entries):
				ready.Wait()
				if ctx.Err() == nil {
					entries[task-len(before)]()
				}
			default:
				return
			}
		}
	}
	for range min(runtime.GOMAXPROCS(0), mostReaders, len(before)) - 1 {
		helpers.Go(work)
	}
	return func() error {
		work()
		helpers.Wait()
		return ctx.Err()
	}
}

// blockSize is how many values are looked up together, step by step, so that
// the processor waits for their places in memory at once and not one after the
// other.
const blockSize = 64

// readReplies reads the requests and replies of the attempts in a range of
// operations.
func (l *ledgerColumns) readReplies(from, to int32) {
	var in, out [blockSize][]uint32
	for ; from < to; from += blockSize {
		end := min(from+blockSize, to)
		for i, value := range l.In[from:end] {
			in[i] = l.members(value)
		}
		for i, value := range l.Out[from:end] {
			out[i] = l.members(value)
		}
		for op := from; op < end; op++ {
			if l.Idem[op] != 0 {
				l.readReply(op, in[op-from], out[op-from])
			}
		}
	}
}

func (l *ledgerColumns) readReply(op int32, in, out []uint32) {
	names, idem := l.requests[l.F[op]], l.Idem[op]
	if names != nil && l.first[idem] == op+1 {
		a := &l.asked[idem]
		a.function = l.F[op] + 1
		for i, name := range names {
			a.fields[i], _ = field(in, name)
		}
	}
	if l.Outcome[op] != history.OK {
		return
	}
	id, _ := field(out, l.names.id)
	l.told[op] = l.ident(id)
	for _, name := range names {
		got, isTold := field(out, name)
		if asked, _ := field(in, name); isTold && got != asked {
			l.foreign[op] = true
			return
		}
	}
}

// markEntries finds the values that the books hold, and reports whether there
// are any.
func (l *ledgerColumns) markEntries() bool {
	if l.readBacks == none {
		return false
	}
	var lists [][]uint32
	var scopes []uint32
	lowest, highest := uint32(l.Values.Len()), uint32(0)
	for op, f := range l.F {
		if int64(f) != l.readBacks || l.Outcome[op] != history.OK || l.Idem[op] != 0 {
			continue
		}
		if list, ok := l.Values.Elements(l.Out[op]); ok {
			lists, scopes = append(lists, list), append(scopes, l.Key[op]+1)
			for _, value := range list {
				lowest, highest = min(lowest, value), max(highest, value)
			}
		}
	}
	if lowest > highest {
		return false
	}
	l.base, l.entries = lowest, make([]entryFact, highest-lowest+1)
	for i, list := range lists {
		for _, value := range list {
			if e := &l.entries[value-lowest]; e.scope == 0 {
				e.scope = scopes[i]
			}
		}
	}
	return true
}

// lookup is an entry on the way to its request.
type lookup struct {
	fact    *entryFact
	members []uint32
	// name is that of the request, and idem its number once it was found.
	name []byte
	idem uint32
}

// readEntries reads a range of the values that may be in the books.
func (l *ledgerColumns) readEntries(from, to int) {
	var block [blockSize]lookup
	buffer := make([]byte, 0, 64*blockSize)
	near := nearby{ledgerColumns: l}
	for from < to {
		n := 0
		buffer = buffer[:0]
		for ; from < to && n < blockSize; from++ {
			fact := &l.entries[from]
			if fact.scope == 0 {
				continue
			}
			b := &block[n]
			b.fact, b.members = fact, l.members(l.base+uint32(from))
			id, _ := field(b.members, l.names.id)
			fact.id = l.ident(id)
			start := len(buffer)
			named, err := l.nameOf(append(append(buffer, l.Keys.At(fact.scope-1)...), '/'), b.members)
			if err != nil {
				continue
			}
			buffer, b.name, b.idem = named, named[start:], 0
			n++
		}
		l.findRequests(block[:n], &near)
	}
}

// findRequests sets the facts of entries that depend on their requests.
func (l *ledgerColumns) findRequests(block []lookup, near *nearby) {
	if !near.guess(block) {
		l.index.look(block)
	}
	for i := range block {
		if b := &block[i]; b.idem != 0 && l.first[b.idem] != 0 {
			b.fact.idem, b.fact.fits = b.idem, l.fitsFirst(b.members, b.idem)
		}
	}
}

// fitsFirst reports whether an entry is known to be what the first attempt under
// an idem asked for.
func (l *ledgerColumns) fitsFirst(entry []uint32, idem uint32) bool {
	a := &l.asked[idem]
	if a.function == 0 {
		return false
	}
	for i, name := range l.requests[a.function-1] {
		if got, _ := field(entry, name); got != a.fields[i] {
			return false
		}
	}
	return true
}

// shows sets what an entry in the books of a scope shows, where it was found out
// before, and reports whether it was.
func (l *ledgerColumns) shows(e *shownEffect, scope uint32) bool {
	at := e.value - l.base // wraps around below the base
	if at >= uint32(len(l.entries)) {
		return false
	}
	fact := &l.entries[at]
	if fact.scope != scope+1 || fact.idem == 0 {
		return false
	}
	e.key, e.id, e.asked = l.keys[fact.idem]-1, fact.id, fact.fits
	return true
}
