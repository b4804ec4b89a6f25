package online

import (
	"crypto/sha256"
	"hash"
	"strings"
)

// Log is an append-only log of texts, each ended by a newline and appended once,
// that is read whole.
//
// The longest read is the log, as far as anybody saw it; all others must begin
// it. So the place of every value that was seen is known, and there is an order
// unless something was called after something of a later place had returned:
//
//   - a read, after a longer read had returned, or the append of a value that it
//     has not;
//   - the append of a value, after that of a value behind it had returned. (A
//     read that has the value cannot have: nobody had appended it.)
//
// A value whose append returned and that nobody saw is behind all that was seen.
// So nothing of what was seen may have been called after that append returned.
//
// For each place, shown is the first return that showed that the value is there:
// of its append, or of a read. All that is called after that must see it. So if
// shown of a place comes before the calls of all open reads, all reads to come
// have at least all up to there. Of these places nothing is held but the digest
// of their texts (SHA-256), by which reads are compared. A value that was seen
// may be appended again: whoever saw it before did not see that.
type Log struct {
	open window
	// settled is how many places there are that all will see, and bytes how long
	// they are.
	settled, bytes int
	digest         hash.Hash
	sum            [sha256.Size]byte
	scratch        []byte
	tail           []place
	// appends are those that are open, or whose value nobody saw.
	appends map[string]*appended
	// unseen are appends that returned, in that order; some were seen since.
	unseen []*appended
	// latest is the last call of what was seen, or of a read.
	latest int
	// promised counts the values that nobody saw and that an answer placed.
	promised int
	swept    int
}

type place struct {
	text  string
	shown int
}

type appended struct {
	call, ret int
	// at is the place where it was seen, or -1; offset is what was answered, or
	// -1.
	at, offset int
	open       bool
}

// NewLog returns an empty log.
func NewLog() *Log {
	l := &Log{digest: sha256.New(), appends: make(map[string]*appended), latest: -1}
	l.digest.Sum(l.sum[:0])
	return l
}

// Append notes that the append of a text was called, and says false, and notes
// nothing, if another one did or may do that.
func (l *Log) Append(text string, call int) (fresh bool) {
	if _, known := l.appends[text]; known {
		return false
	}
	l.appends[text] = &appended{call: call, ret: Never, at: -1, offset: -1, open: true}
	return true
}

// Appended takes the return of an append. Offset is its place, or -1 if the
// answer does not tell.
func (l *Log) Appended(text string, offset int, now int) string {
	a := l.appends[text]
	a.open = false
	if a.at >= 0 {
		delete(l.appends, text)
		if offset >= 0 && offset != a.at {
			return "but it was seen elsewhere"
		}
		return None
	}
	if offset >= 0 {
		if offset < l.length() {
			return "but another value was seen there"
		}
		a.offset = offset
		l.promised++
	}
	a.ret = now
	l.unseen = append(l.unseen, a)
	return None
}

// Undone takes the return of an append that turned out to be none.
func (l *Log) Undone(text string) string {
	a := l.appends[text]
	delete(l.appends, text)
	if a.at >= 0 {
		return "so it was not there, but others saw it"
	}
	return None
}

// Retire takes an append the outcome of which is unknown.
func (l *Log) Retire(text string) {
	a := l.appends[text]
	a.open = false
	if a.at >= 0 {
		delete(l.appends, text)
	}
}

// Call notes that a read was called.
func (l *Log) Call(call int) { l.open.call(call) }

// Leave takes the return of a read that saw nothing.
func (l *Log) Leave(call int) {
	l.open.leave(call)
	l.forget(0)
}

// Read takes the return of a read that saw some texts.
func (l *Log) Read(all string, call, now int) string {
	l.open.leave(call)
	if len(all) < l.bytes {
		return "but more had been there before it began"
	}
	l.scratch = append(l.scratch[:0], all[:l.bytes]...)
	if sha256.Sum256(l.scratch) != l.sum {
		return "but the log had begun in another way"
	}
	rest := all[l.bytes:]
	for i := range l.tail {
		p := &l.tail[i]
		if rest == "" {
			if p.shown < call {
				return "but more had been there before it began"
			}
			continue
		}
		var same bool
		if rest, same = strings.CutPrefix(rest, p.text); !same {
			return "but the log was seen to go another way"
		}
	}
	before := len(l.tail)
	if rest != "" {
		if why := l.extend(rest, now); why != None {
			return why
		}
	}
	l.latest = max(l.latest, call)
	for len(l.unseen) > 0 && l.unseen[0].at >= 0 {
		l.unseen = l.unseen[1:]
	}
	if len(l.unseen) > 0 && l.unseen[0].ret < l.latest {
		return "but a value is not there that had been appended before"
	}
	l.forget(len(l.tail) - before)
	return None
}

// extend adds what a read saw behind all that others had seen.
func (l *Log) extend(rest string, now int) string {
	from := len(l.tail)
	var fresh []*appended
	for text := range strings.SplitAfterSeq(rest, "\n") {
		if text == "" {
			continue
		}
		a := l.appends[text]
		switch {
		case a == nil || a.at >= 0:
			return "but it was not appended, or not so often"
		case a.offset >= 0 && a.offset != l.length():
			return "but its append told of another place"
		case a.offset >= 0:
			l.promised--
		}
		a.at = l.length()
		l.latest = max(l.latest, a.call)
		fresh = append(fresh, a)
		l.tail = append(l.tail, place{text, min(now, a.ret)})
	}
	soonest := Never
	for i := len(fresh) - 1; i >= 0; i-- {
		if fresh[i].call > soonest {
			return "but a value behind another had been there before that was appended"
		}
		soonest = min(soonest, fresh[i].ret)
		if !fresh[i].open {
			delete(l.appends, l.tail[from+i].text)
		}
	}
	return None
}

// length is how many places were seen.
func (l *Log) length() int { return l.settled + len(l.tail) }

// forget drops the places that all reads to come will see. Some are new.
func (l *Log) forget(fresh int) {
	oldest := l.open.oldest()
	least := 0
	if oldest == l.swept {
		least = len(l.tail) - fresh // others were looked at
	}
	l.swept = oldest
	end := len(l.tail)
	for end > least && l.tail[end-1].shown > oldest {
		end--
	}
	if end == least {
		return
	}
	for _, p := range l.tail[:end] {
		l.scratch = append(l.scratch[:0], p.text...)
		l.digest.Write(l.scratch)
		l.bytes += len(p.text)
	}
	l.settled += end
	l.tail = append(l.tail[:0:0], l.tail[end:]...)
	l.digest.Sum(l.sum[:0])
}

// Promised is how many values were placed by an answer and seen by nobody. As
// long as there are some, that an order exists is not proved: the places say more
// than was judged.
func (l *Log) Promised() int { return l.promised }

// Entries is how much it holds.
func (l *Log) Entries() int { return len(l.tail) + len(l.appends) + len(l.unseen) + len(l.open.calls) }
