package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// object is a JSON object as the tests' decoder has it.
type object = map[string]any

func number(n int) json.Number { return json.Number(fmt.Sprint(n)) }

func TestAPI(t *testing.T) {
	c := newTestCluster(t, 1, nil)
	const deposits, transfers = "/v1/t1/deposits", "/v1/t1/transfers"
	for _, step := range []struct {
		name, method, path, key, body string
		status                        int
		want                          object
		replayed                      bool
	}{
		{name: "read of a register never written", method: "GET", path: "/v1/registers/r0",
			status: 200, want: object{"key": "r0", "value": nil}},
		{name: "cas of a register never written", method: "POST", path: "/v1/registers/r0/cas", body: `{"old":1,"new":2}`,
			status: 412, want: object{"code": "mismatch", "key": "r0"}},
		{name: "cas that expects nothing", method: "POST", path: "/v1/registers/r0/cas", body: `{"old":null,"new":2}`,
			status: 200, want: object{"key": "r0", "value": number(2)}},
		{name: "cas that expects something else", method: "POST", path: "/v1/registers/r0/cas", body: `{"old":1,"new":3}`,
			status: 412, want: object{"code": "mismatch", "key": "r0", "value": number(2)}},
		{name: "write", method: "PUT", path: "/v1/registers/r0", body: `{"value":-7}`,
			status: 200, want: object{"key": "r0", "value": number(-7)}},
		{name: "write with a key", method: "PUT", path: "/v1/registers/r0", key: "w1", body: `{"value":8}`,
			status: 200, want: object{"key": "r0", "value": number(8)}},
		{name: "overwrite", method: "PUT", path: "/v1/registers/r0", body: `{"value":9}`,
			status: 200, want: object{"key": "r0", "value": number(9)}},
		{name: "write replayed", method: "PUT", path: "/v1/registers/r0", key: "w1", body: `{"value":8}`,
			status: 200, want: object{"key": "r0", "value": number(8)}, replayed: true},
		{name: "read after all that", method: "GET", path: "/v1/registers/r0",
			status: 200, want: object{"key": "r0", "value": number(9)}},
		{name: "register with an odd name", method: "PUT", path: "/v1/registers/r7.1~1", body: `{"value":1}`,
			status: 200, want: object{"key": "r7.1~1", "value": number(1)}},

		{name: "deposit without a key", method: "POST", path: deposits, body: `{"account":"a","amount":5}`,
			status: 400, want: object{"code": "no-key"}},
		{name: "deposit", method: "POST", path: deposits, key: `"k1"`, body: `{"account":"a","amount":5}`,
			status: 201, want: object{"id": number(1), "account": "a", "amount": number(5), "balance": number(5)}},
		{name: "deposit replayed, key unquoted, fields in another order", method: "POST", path: deposits, key: `k1`, body: `{"amount":5, "account":"a"}`,
			status: 201, want: object{"id": number(1), "account": "a", "amount": number(5), "balance": number(5)}, replayed: true},
		{name: "key with another payload", method: "POST", path: deposits, key: "k1", body: `{"account":"a","amount":6}`,
			status: 422, want: object{"code": "conflict"}},
		{name: "key of another operation", method: "POST", path: transfers, key: "k1", body: `{"from":"a","to":"b","amount":2}`,
			status: 201, want: object{"id": number(2), "from": "a", "to": "b", "amount": number(2), "balance": number(3)}},
		{name: "key of another tenant", method: "POST", path: "/v1/t2/deposits", key: "k1", body: `{"account":"a","amount":5}`,
			status: 201, want: object{"id": number(3), "account": "a", "amount": number(5), "balance": number(5)}},
		{name: "transfer of too much", method: "POST", path: transfers, key: "k2", body: `{"from":"a","to":"b","amount":4}`,
			status: 402, want: object{"code": "insufficient-funds"}},
		{name: "deposit that would pay for it", method: "POST", path: deposits, key: "k3", body: `{"account":"a","amount":100}`,
			status: 201, want: object{"id": number(4), "account": "a", "amount": number(100), "balance": number(103)}},
		{name: "refusal replayed", method: "POST", path: transfers, key: "k2", body: `{"from":"a","to":"b","amount":4}`,
			status: 402, want: object{"code": "insufficient-funds"}, replayed: true},
		{name: "balance", method: "GET", path: "/v1/t1/accounts/a/balance",
			status: 200, want: object{"account": "a", "balance": number(103)}},
		{name: "balance of nobody", method: "GET", path: "/v1/t9/accounts/z/balance",
			status: 200, want: object{"account": "z", "balance": number(0)}},
		{name: "accounts", method: "GET", path: "/v1/t1/accounts", status: 200, want: object{"accounts": []any{
			object{"account": "a", "balance": number(103)}, object{"account": "b", "balance": number(2)}}}},
		{name: "entries", method: "GET", path: "/v1/t1/entries?consistency=local", status: 200, want: object{"entries": []any{
			object{"id": number(1), "operation": "deposit", "key": "k1", "account": "a", "amount": number(5)},
			object{"id": number(2), "operation": "transfer", "key": "k1", "from": "a", "to": "b", "amount": number(2)},
			object{"id": number(4), "operation": "deposit", "key": "k3", "account": "a", "amount": number(100)}}}},
		{name: "entries after one", method: "GET", path: "/v1/t1/entries?after=2", status: 200, want: object{"entries": []any{
			object{"id": number(4), "operation": "deposit", "key": "k3", "account": "a", "amount": number(100)}}}},
		{name: "accounts of nobody", method: "GET", path: "/v1/t9/accounts", status: 200, want: object{"accounts": []any{}}},

		{name: "no such path", method: "GET", path: "/v2/x", status: 404, want: object{"code": "not-found"}},
		{name: "no such thing", method: "GET", path: "/v1/t1/secrets", status: 404, want: object{"code": "not-found"}},
		{name: "odd name", method: "GET", path: "/v1/registers/a%20b", status: 400, want: object{"code": "bad-request"}},
		{name: "no name", method: "GET", path: "/v1/registers/", status: 400, want: object{"code": "bad-request"}},
		{name: "wrong method", method: "DELETE", path: "/v1/registers/r0", status: 405, want: object{"code": "method-not-allowed"}},
		{name: "no body", method: "PUT", path: "/v1/registers/r0", status: 400, want: object{"code": "bad-request"}},
		{name: "no value", method: "PUT", path: "/v1/registers/r0", body: `{}`, status: 400, want: object{"code": "bad-request"}},
		{name: "no new value", method: "POST", path: "/v1/registers/r0/cas", body: `{"old":1}`, status: 400, want: object{"code": "bad-request"}},
		{name: "unknown field", method: "PUT", path: "/v1/registers/r0", body: `{"value":1,"ttl":2}`, status: 400, want: object{"code": "bad-request"}},
		{name: "two bodies", method: "PUT", path: "/v1/registers/r0", body: `{"value":1}{"value":2}`, status: 400, want: object{"code": "bad-request"}},
		{name: "value of another type", method: "PUT", path: "/v1/registers/r0", body: `{"value":1.5}`, status: 400, want: object{"code": "bad-request"}},
		{name: "huge body", method: "PUT", path: "/v1/registers/r0", body: `{"value":1` + strings.Repeat(" ", 1<<20) + `}`, status: 400, want: object{"code": "bad-request"}},
		{name: "odd key", method: "POST", path: deposits, key: `a"b`, body: `{"account":"a","amount":5}`, status: 400, want: object{"code": "bad-request"}},
		{name: "empty key", method: "POST", path: deposits, key: `""`, body: `{"account":"a","amount":5}`, status: 400, want: object{"code": "bad-request"}},
		{name: "long key", method: "POST", path: deposits, key: strings.Repeat("k", 256), body: `{"account":"a","amount":5}`, status: 400, want: object{"code": "bad-request"}},
		{name: "negative amount", method: "POST", path: deposits, key: "k9", body: `{"account":"a","amount":-5}`, status: 400, want: object{"code": "bad-request"}},
		{name: "odd account", method: "POST", path: deposits, key: "k9", body: `{"account":"a/b","amount":5}`, status: 400, want: object{"code": "bad-request"}},
		{name: "transfer to itself", method: "POST", path: transfers, key: "k9", body: `{"from":"a","to":"a","amount":5}`, status: 400, want: object{"code": "bad-request"}},
		{name: "odd page", method: "GET", path: "/v1/t1/entries?after=x", status: 400, want: object{"code": "bad-request"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			got := c.do(0, step.method, step.path, step.key, step.body)
			require.NoError(t, got.err)
			require.Equal(t, step.status, got.status, "%s", got.original)
			require.Equal(t, step.replayed, got.header.Get("Idempotency-Replayed") == "true")
			contentType := "application/json"
			if step.status >= 400 {
				contentType = "application/problem+json"
				require.Equal(t, number(step.status), got.body["status"])
				for _, field := range []string{"title", "status", "detail"} {
					require.NotEmpty(t, got.body[field])
					delete(got.body, field)
				}
			}
			require.Equal(t, contentType, got.header.Get("Content-Type"))
			require.Equal(t, step.want, got.body)
		})
	}
}

func TestPages(t *testing.T) {
	c := newTestCluster(t, 1, nil)
	const effects = 1234
	var refused atomic.Int64
	var wait sync.WaitGroup
	for worker := range 32 {
		wait.Go(func() {
			for i := worker; i < effects; i += 32 {
				got := c.do(0, "POST", "/v1/t1/deposits", fmt.Sprintf("k%d", i), fmt.Sprintf(`{"account":"a%04d","amount":1}`, i))
				if got.status != http.StatusCreated {
					refused.Add(1)
				}
			}
		})
	}
	wait.Wait()
	require.Zero(t, refused.Load())
	for _, list := range []string{"accounts", "entries"} {
		after, seen := "", []any{}
		for pages := 1; ; pages++ {
			got := c.get(0, "/v1/t1/"+list+"?consistency=local&after="+after)
			require.Equal(t, http.StatusOK, got.status)
			seen = append(seen, got.body[list].([]any)...)
			next, more := got.body["next"].(string)
			if !more {
				require.Equal(t, 3, pages)
				break
			}
			after = next
		}
		names := map[any]bool{}
		for _, item := range seen {
			names[item.(object)["account"]] = true
		}
		require.Len(t, seen, effects)
		require.Len(t, names, effects)
	}
}
