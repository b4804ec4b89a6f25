package etcd

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// gateway is as much of etcd as clients use, in memory. It is told to refuse
// what comes on a path.
type gateway struct {
	mu       sync.Mutex
	revision int64
	keys     map[string]*entry
	leases   map[int64]bool
	// status and refusal answer whatever comes on a path, once skip requests on it
	// have been answered as they should.
	path, refusal string
	status, skip  int
	// asked are the bodies of requests, by path.
	asked map[string][]string
}

// entry is what a key holds.
type entry struct {
	value                []byte
	create, mod, version int64
	lease                int64
}

func newGateway(t *testing.T) (*gateway, string) {
	g := &gateway{revision: 1, keys: map[string]*entry{}, leases: map[int64]bool{}, asked: map[string][]string{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, strings.TrimPrefix(server.URL, "http://")
}

func (g *gateway) refuse(path string, skip, status int, refusal string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.path, g.skip, g.status, g.refusal = path, skip, status, refusal
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	g.asked[r.URL.Path] = append(g.asked[r.URL.Path], body.String())
	if r.URL.Path == g.path {
		if g.skip--; g.skip < 0 {
			w.WriteHeader(g.status)
			_, _ = w.Write([]byte(g.refusal))
			return
		}
	}
	text := func(reply any) { _ = json.NewEncoder(w).Encode(reply) }
	switch r.URL.Path {
	case rangePath:
		var q rangeRequest
		_ = json.Unmarshal(body.Bytes(), &q)
		text(g.find(&q))
	case putPath:
		var q putRequest
		_ = json.Unmarshal(body.Bytes(), &q)
		g.revision++
		g.put(&q)
		text(map[string]any{})
	case deletePath:
		var q deleteRequest
		_ = json.Unmarshal(body.Bytes(), &q)
		deleted := int64(0)
		if g.keys[string(q.Key)] != nil {
			g.revision++
			deleted = 1
			delete(g.keys, string(q.Key))
		}
		text(deleteReply{deleted})
	case txnPath:
		var q txnRequest
		_ = json.Unmarshal(body.Bytes(), &q)
		text(g.transact(&q))
	case grantPath:
		id := int64(100 + len(g.leases))
		g.leases[id] = true
		text(lease{id})
	case revokePath:
		var q lease
		_ = json.Unmarshal(body.Bytes(), &q)
		if !g.leases[q.ID] {
			w.WriteHeader(http.StatusNotFound)
			text(problem{Code: 5, Message: "etcdserver: requested lease not found"})
			return
		}
		g.expire(q.ID)
		text(map[string]any{})
	case keepAlivePath:
		var q lease
		_ = json.Unmarshal(body.Bytes(), &q)
		var reply keepAliveReply
		if g.leases[q.ID] {
			reply.Result.TTL = 2
		}
		text(reply)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// expire ends a lease, with the keys that have it.
func (g *gateway) expire(id int64) {
	delete(g.leases, id)
	g.revision++
	for key, e := range g.keys {
		if e.lease == id {
			delete(g.keys, key)
		}
	}
}

func (g *gateway) find(q *rangeRequest) rangeReply {
	var reply rangeReply
	for key, e := range g.keys {
		in := key == string(q.Key)
		if q.RangeEnd != nil {
			in = key >= string(q.Key) && key < string(q.RangeEnd)
		}
		if !in {
			continue
		}
		reply.Count++
		if q.CountOnly {
			continue
		}
		kv := keyValue{Key: []byte(key), Mod: e.mod, Version: e.version}
		if !q.KeysOnly {
			kv.Value = e.value
		}
		reply.KVs = append(reply.KVs, kv)
	}
	slices.SortFunc(reply.KVs, func(a, b keyValue) int { return bytes.Compare(a.Key, b.Key) })
	return reply
}

func (g *gateway) put(q *putRequest) {
	e := g.keys[string(q.Key)]
	if e == nil {
		e = &entry{create: g.revision}
		g.keys[string(q.Key)] = e
	}
	e.value, e.mod, e.lease = q.Value, g.revision, q.Lease
	e.version++
}

func (g *gateway) transact(q *txnRequest) map[string]any {
	holds := true
	for _, c := range q.Compare {
		e := g.keys[string(c.Key)]
		switch c.Target {
		case "VALUE":
			holds = holds && e != nil && bytes.Equal(e.value, c.Value)
		case "MOD":
			holds = holds && (e == nil && *c.Mod == 0 || e != nil && e.mod == *c.Mod)
		case "CREATE":
			holds = holds && (e == nil && *c.Create == 0 || e != nil && e.create == *c.Create)
		}
	}
	steps := q.Failure
	if holds {
		steps = q.Success
	}
	if slices.ContainsFunc(steps, func(s step) bool { return s.Put != nil }) {
		g.revision++
	}
	responses := []any{}
	for _, s := range steps {
		if s.Put != nil {
			g.put(s.Put)
			responses = append(responses, map[string]any{})
			continue
		}
		responses = append(responses, map[string]any{"response_range": g.find(s.Range)})
	}
	return map[string]any{"header": header{1, g.revision}, "succeeded": holds, "responses": responses}
}
