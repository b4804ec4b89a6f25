package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// client does the operations of one process on one node.
type client struct{ wire wire }

// Close closes the connection.
func (c *client) Close() error {
	c.wire.close()
	return nil
}

// Invoke does an operation of the workloads register and ledger.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read":
		return c.call(ctx, call{method: http.MethodGet, path: "/v1/registers/" + op.Key, read: registerValue})
	case "write":
		return c.write(ctx, op)
	case "cas":
		return c.compareAndSet(ctx, op)
	case "deposit", "transfer":
		return c.post(ctx, op)
	case "balance":
		tenant, account, _ := strings.Cut(op.Key, "/")
		path := "/v1/" + tenant + "/accounts/" + account + "/balance"
		return c.call(ctx, call{method: http.MethodGet, path: path, read: balance})
	case "accounts", "entries":
		return c.list(ctx, op)
	}
	return neverSent(fmt.Errorf("the ledger has no operation %q", op.F))
}

func (c *client) write(ctx context.Context, op harness.Invocation) harness.Completion {
	value, ok := toInt(op.Value)
	if !ok {
		return neverSent(fmt.Errorf("write of %v: want an integer", op.Value))
	}
	return c.call(ctx, call{
		method: http.MethodPut, path: "/v1/registers/" + op.Key,
		body: map[string]any{"value": value}, read: nothing,
	})
}

func (c *client) compareAndSet(ctx context.Context, op harness.Invocation) harness.Completion {
	pair, _ := op.Value.([]any)
	if len(pair) != 2 {
		return neverSent(fmt.Errorf("cas of %v: want old and new", op.Value))
	}
	body := map[string]any{"old": nil}
	var ok bool
	if body["new"], ok = toInt(pair[1]); !ok {
		return neverSent(fmt.Errorf("cas to %v: want an integer", pair[1]))
	}
	if pair[0] != nil {
		if body["old"], ok = toInt(pair[0]); !ok {
			return neverSent(fmt.Errorf("cas from %v: want an integer or nil", pair[0]))
		}
	}
	return c.call(ctx, call{
		method: http.MethodPost, path: "/v1/registers/" + op.Key + "/cas",
		body: body, read: nothing,
	})
}

// post does a deposit or a transfer.
func (c *client) post(ctx context.Context, op harness.Invocation) harness.Completion {
	value, _ := op.Value.(map[string]any)
	tenant, _ := value["tenant"].(string)
	if tenant == "" {
		return neverSent(fmt.Errorf("%s of %v: want a tenant", op.F, op.Value))
	}
	body := make(map[string]any, len(value))
	for name, v := range value {
		if name != "tenant" {
			body[name] = v
		}
	}
	return c.call(ctx, call{
		method: http.MethodPost, path: "/v1/" + tenant + "/" + op.F + "s", key: bareKey(op.Idem), body: body, read: effect,
	})
}

// bareKey returns the key of tenant/operation/key.
func bareKey(idem string) string {
	if parts := strings.SplitN(idem, "/", 3); len(parts) == 3 {
		return parts[2]
	}
	return idem
}

// list reads all pages of a listing from the node's own state.
func (c *client) list(ctx context.Context, op harness.Invocation) harness.Completion {
	all := []any{}
	after := ""
	for {
		path := "/v1/" + op.Key + "/" + op.F + "?consistency=local&after=" + url.QueryEscape(after)
		page := c.call(ctx, call{method: http.MethodGet, path: path, read: func(body []byte) (any, error) {
			return listing(op.F, body)
		}})
		if page.Outcome != history.OK {
			return page
		}
		part := page.Value.(pageOf)
		all = append(all, part.items...)
		if part.next == "" || part.next == after {
			return harness.Completion{Outcome: history.OK, Value: all}
		}
		after = part.next
	}
}

// call is one request and how to read its reply.
type call struct {
	method, path, key string
	body              map[string]any
	// read takes the result from the body of a 2xx.
	read func(body []byte) (any, error)
}

func (c *client) call(ctx context.Context, k call) harness.Completion {
	var body []byte
	if k.body != nil {
		var err error
		if body, err = json.Marshal(k.body); err != nil {
			return neverSent(err)
		}
	}
	reply, err := c.wire.roundTrip(ctx, k.method, k.path, k.key, body)
	switch {
	case errors.Is(err, errNeverSent):
		return neverSent(err)
	case err != nil:
		return lost(ctx, err)
	case reply.status >= 200 && reply.status < 300:
		value, err := k.read(reply.body)
		if err != nil {
			return harness.Completion{Error: fmt.Sprintf("bad-reply: %d: %v", reply.status, err)}
		}
		return harness.Completion{Outcome: history.OK, Value: value}
	}
	return refused(reply, k.key != "")
}
