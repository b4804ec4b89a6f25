package etcd

import (
	"context"
	"encoding/json"
	"fmt"
)

// The paths of the gateway.
const (
	rangePath      = "/v3/kv/range"
	putPath        = "/v3/kv/put"
	deletePath     = "/v3/kv/deleterange"
	txnPath        = "/v3/kv/txn"
	grantPath      = "/v3/lease/grant"
	revokePath     = "/v3/lease/revoke"
	keepAlivePath  = "/v3/lease/keepalive"
	statusPath     = "/v3/maintenance/status"
	hashPath       = "/v3/maintenance/hash"
	defragmentPath = "/v3/maintenance/defragment"
)

// The messages of the gateway, as much of them as is used. Their JSON has keys
// and values in base64, as []byte has, and 64-bit numbers as text.
type (
	rangeRequest struct {
		Key          []byte `json:"key"`
		RangeEnd     []byte `json:"range_end,omitempty"`
		Serializable bool   `json:"serializable,omitempty"`
		KeysOnly     bool   `json:"keys_only,omitempty"`
		CountOnly    bool   `json:"count_only,omitempty"`
	}
	rangeReply struct {
		KVs   []keyValue `json:"kvs"`
		Count int64      `json:"count,string"`
	}
	keyValue struct {
		Key     []byte `json:"key"`
		Value   []byte `json:"value"`
		Mod     int64  `json:"mod_revision,string"`
		Version int64  `json:"version,string"`
	}
	putRequest struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value,omitempty"`
		Lease int64  `json:"lease,string,omitempty"`
	}
	deleteRequest struct {
		Key []byte `json:"key"`
	}
	deleteReply struct {
		Deleted int64 `json:"deleted,string"`
	}
	compare struct {
		Key    []byte `json:"key"`
		Target string `json:"target"`
		Result string `json:"result"`
		Value  []byte `json:"value,omitempty"`
		Mod    *int64 `json:"mod_revision,string,omitempty"`
		Create *int64 `json:"create_revision,string,omitempty"`
	}
	step struct {
		Range *rangeRequest `json:"request_range,omitempty"`
		Put   *putRequest   `json:"request_put,omitempty"`
	}
	txnRequest struct {
		Compare []compare `json:"compare,omitempty"`
		Success []step    `json:"success,omitempty"`
		Failure []step    `json:"failure,omitempty"`
	}
	txnReply struct {
		Header    header `json:"header"`
		Succeeded bool   `json:"succeeded"`
		Responses []struct {
			Range *rangeReply `json:"response_range"`
		} `json:"responses"`
	}
	header struct {
		Member   uint64 `json:"member_id,string"`
		Revision int64  `json:"revision,string"`
	}
	grantRequest struct {
		TTL int64 `json:"TTL,string"`
	}
	lease struct {
		ID int64 `json:"ID,string"`
	}
	keepAliveReply struct {
		Result struct {
			TTL int64 `json:"TTL,string"`
		} `json:"result"`
	}
	// problem is what the gateway answers instead.
	problem struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Error   string `json:"error"`
	}
)

// equal compares what a key holds with a value. No key holds none.
func equal(key string, value []byte) compare {
	return compare{Key: []byte(key), Target: "VALUE", Result: "EQUAL", Value: value}
}

// unchanged compares the revision of a key's last change, 0 if there is no key.
func unchanged(key string, revision int64) compare {
	return compare{Key: []byte(key), Target: "MOD", Result: "EQUAL", Mod: &revision}
}

// created compares the revision of a key's creation, 0 if there is no key.
func created(key string, revision int64) compare {
	return compare{Key: []byte(key), Target: "CREATE", Result: "EQUAL", Create: &revision}
}

// ask does one request and reads its reply. An error is one of wire, a *refusal,
// or errBadReply.
func ask[T any](ctx context.Context, w *wire, path string, request any) (T, error) {
	var reply T
	body, err := json.Marshal(request)
	if err != nil {
		return reply, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	got, err := w.post(ctx, path, body)
	if err != nil {
		return reply, err
	}
	if got.status < 200 || got.status > 299 {
		return reply, refusalOf(got)
	}
	if err := json.Unmarshal(got.body, &reply); err != nil {
		return reply, fmt.Errorf("%w: %w", errBadReply, err)
	}
	return reply, nil
}
