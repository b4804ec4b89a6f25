package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// neverSent is the completion of a request that did not leave.
func neverSent(err error) harness.Completion {
	text := err.Error()
	if errors.Is(err, errNeverSent) {
		return harness.Completion{Outcome: history.Fail, Error: text, Backoff: true}
	}
	return harness.Completion{Outcome: history.Fail, Error: errNeverSent.Error() + ": " + text, Backoff: true}
}

// lost is the completion of a request that left and had no reply.
func lost(ctx context.Context, err error) harness.Completion {
	code := "no-reply"
	if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) {
		code = "timeout"
	}
	return harness.Completion{Error: code + ": " + err.Error()}
}

// proofs are the codes of replies that prove that a request had no effect and
// never will, with the status that each comes with.
var proofs = map[string]int{
	"mismatch":           412,
	"insufficient-funds": 402,
	"balance-limit":      402,
	"conflict":           422,
	"in-flight":          409,
	"no-key":             400,
	"bad-request":        400,
	"no-leader":          421,
	"not-found":          404,
	"method-not-allowed": 405,
}

// refused is the completion of a request that was answered, and not with 2xx.
// Keyed is true of one that carries an Idempotency-Key.
func refused(reply answer, keyed bool) harness.Completion {
	var problem struct {
		Code  string `json:"code"`
		Value *int64 `json:"value"`
	}
	if err := json.Unmarshal(reply.body, &problem); err != nil {
		return harness.Completion{Error: fmt.Sprintf("bad-reply: %d: %v", reply.status, err)}
	}
	if status, known := proofs[problem.Code]; !known || status != reply.status {
		return harness.Completion{Error: fmt.Sprintf("status-%d: %s", reply.status, problem.Code)}
	}
	completion := harness.Completion{
		Outcome: history.Fail, Error: problem.Code, Backoff: problem.Code == "no-leader",
	}
	switch {
	case problem.Code == "mismatch" && problem.Value != nil:
		completion.Value = *problem.Value
	case keyed && (problem.Code == "no-leader" || problem.Code == "in-flight"):
		// Nothing was done for this delivery, and nothing was noted under the
		// key. Whoever sees an Idempotency-Key may deliver the request again,
		// and then it may be done.
		completion.Outcome = history.Unknown
	}
	return completion
}

func nothing([]byte) (any, error) { return nil, nil }

func registerValue(body []byte) (any, error) {
	var reply struct {
		Key   *string `json:"key"`
		Value *int64  `json:"value"`
	}
	switch err := decode(body, &reply); {
	case err != nil:
		return nil, err
	case reply.Key == nil:
		return nil, errors.New("no register in the reply")
	case reply.Value == nil:
		return nil, nil
	}
	return *reply.Value, nil
}

func balance(body []byte) (any, error) {
	var reply struct {
		Balance *int64 `json:"balance"`
	}
	if err := decode(body, &reply); err != nil {
		return nil, err
	}
	if reply.Balance == nil {
		return nil, errors.New("no balance in the reply")
	}
	return *reply.Balance, nil
}

// effect reads the reply to a deposit or a transfer.
func effect(body []byte) (any, error) {
	value, err := object(body)
	if err != nil {
		return nil, err
	}
	if _, found := value["id"].(int64); !found {
		return nil, errors.New("no id in the reply")
	}
	return value, nil
}

// pageOf is one page of a listing.
type pageOf struct {
	items []any
	next  string
}

func listing(name string, body []byte) (any, error) {
	value, err := object(body)
	if err != nil {
		return nil, err
	}
	items, found := value[name].([]any)
	if !found {
		return nil, fmt.Errorf("no %s in the reply", name)
	}
	next, _ := value["next"].(string)
	return pageOf{items, next}, nil
}

// object reads a JSON object as a history has it: numbers are int64.
func object(body []byte) (map[string]any, error) {
	var value map[string]any
	if err := decode(body, &value); err != nil {
		return nil, err
	}
	if _, err := integers(value); err != nil {
		return nil, err
	}
	return value, nil
}

// integers turns the numbers in a value into int64, in place where it can.
func integers(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case json.Number:
		return v.Int64()
	case []any:
		for i := range v {
			if v[i], err = integers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = integers(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func decode(body []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// toInt takes an integer in any of the forms that a plan or a history may hold
// it in.
func toInt(value any) (int64, bool) {
	switch v := value.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= 1<<53 {
			return int64(v), true
		}
	}
	return 0, false
}
