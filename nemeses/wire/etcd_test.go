package wire_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

func TestEtcdMeaning(t *testing.T) {
	message := func(head, body string) []byte {
		return fmt.Appendf(nil, "%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
	}
	post := func(path, body string) []byte { return message("POST "+path+" HTTP/1.1\r\nHost: n1", body) }
	const put = `{"compare":[],"success":[{"request_put":{"key":"azE="}}]}`
	done, held, not := message("HTTP/1.1 200 OK", `{}`), message("HTTP/1.1 200 OK", `{"succeeded":true}`), message("HTTP/1.1 200 OK", `{"header":{}}`)
	for name, test := range map[string]struct {
		request, reply []byte
		acknowledged   bool
	}{
		"put":                        {post("/v3/kv/put", `{}`), done, true},
		"put, refused":               {post("/v3/kv/put", `{}`), message("HTTP/1.1 503 Service Unavailable", `{}`), false},
		"put, cut off":               {post("/v3/kv/put", `{}`), []byte("HTTP/1.1 200"), false},
		"delete":                     {post("/v3/kv/deleterange", `{}`), done, true},
		"lease":                      {post("/v3/lease/grant", `{}`), done, true},
		"range":                      {post("/v3/kv/range", `{}`), done, false},
		"renewal":                    {post("/v3/lease/keepalive", `{}`), done, false},
		"status":                     {post("/v3/maintenance/status", `{}`), done, false},
		"txn":                        {post("/v3/kv/txn", put), held, true},
		"txn whose comparison fails": {post("/v3/kv/txn", put), not, false},
		"txn that reads":             {post("/v3/kv/txn", `{"success":[{"request_range":{}}]}`), held, false},
		"what is no POST":            {message("GET /v3/kv/put HTTP/1.1\r\nHost: n1", ""), done, false},
	} {
		require.Equal(t, test.acknowledged, wire.Etcd{}.Acknowledged(test.request, test.reply), name)
	}
	require.False(t, wire.Etcd{}.Repeatable(message("POST /v3/kv/put HTTP/1.1\r\nIdempotency-Key: x", "{}")))
	require.True(t, wire.Etcd{}.Cuttable(post("/v3/kv/put", `{}`), done))
	require.Equal(t, wire.Etcd{}, wire.Protocols()["etcd"])
}
