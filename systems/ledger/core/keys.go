package core

import "time"

// keyTable remembers which idempotency keys were used, with what payload, and
// what was answered.
type keyTable struct {
	records map[string]*keyRecord
	// queue holds the same records, oldest first.
	queue []*keyRecord
}

// keyRecord is what is remembered of one key.
type keyRecord struct {
	scope   string
	payload fingerprint
	// at is the state's clock when the command was applied.
	at     int64
	result Result
	// claimed belongs to the planted bug KeyExpiresInFlight: the work is not
	// done yet.
	claimed bool
}

func newKeyTable() keyTable {
	return keyTable{records: make(map[string]*keyRecord)}
}

func (t *keyTable) find(scope string) *keyRecord {
	return t.records[scope]
}

// put remembers a record, in place of any other of its scope.
func (t *keyTable) put(r *keyRecord) {
	t.records[r.scope] = r
	t.queue = append(t.queue, r)
}

// expire forgets what is older than ttl.
func (t *keyTable) expire(now int64, ttl time.Duration) {
	for len(t.queue) > 0 && now-t.queue[0].at > int64(ttl) {
		old := t.queue[0]
		if t.records[old.scope] == old {
			delete(t.records, old.scope)
		}
		t.queue[0] = nil
		t.queue = t.queue[1:]
	}
}

func (t *keyTable) encode(e *encoder) {
	e.uint(uint64(len(t.records)))
	for _, r := range t.queue {
		if t.records[r.scope] != r {
			continue
		}
		e.string(r.scope)
		*e = append(*e, r.payload[:]...)
		e.int(r.at)
		r.result.encode(e)
		e.bool(r.claimed)
	}
}

func decodeKeyTable(d *decoder) keyTable {
	t := newKeyTable()
	for n := d.count(); n > 0 && d.err == nil; n-- {
		r := &keyRecord{scope: d.string()}
		if len(d.rest) < len(r.payload) {
			d.fail()
			break
		}
		d.rest = d.rest[copy(r.payload[:], d.rest):]
		r.at = d.int()
		r.result = decodeResult(d)
		r.claimed = d.bool()
		t.put(r)
	}
	return t
}
