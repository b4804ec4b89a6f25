package wire

import (
	"bytes"
	"slices"
	"strings"
)

// Etcd frames the JSON gateway of etcd, which is HTTP/1.1. All its requests are
// POSTs, those that only read too, so that their meaning is in their paths.
type Etcd struct{ HTTP1 }

// Name returns "etcd".
func (Etcd) Name() string { return "etcd" }

// etcdChanges are the paths of requests that always change something.
var etcdChanges = []string{"/v3/kv/put", "/v3/kv/deleterange", "/v3/lease/grant", "/v3/lease/revoke"}

// Repeatable is false: etcd promises to do a request as often as it comes.
func (Etcd) Repeatable([]byte) bool { return false }

// Acknowledged reports whether the reply has a 2xx status and the request changes
// something: a transaction does if it puts something, and its comparison held.
func (e Etcd) Acknowledged(request, reply []byte) bool {
	if !e.HTTP1.Acknowledged(request, reply) {
		return false
	}
	line, _, _ := bytes.Cut(request[emptyLines(request):], []byte("\r\n"))
	words := strings.Fields(string(line))
	switch {
	case len(words) < 2:
		return false
	case slices.Contains(etcdChanges, words[1]):
		return true
	}
	return words[1] == "/v3/kv/txn" && bytes.Contains(request, []byte(`"request_put"`)) && bytes.Contains(reply, []byte(`"succeeded":true`))
}
