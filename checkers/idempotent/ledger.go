package idempotent

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

// Ledger reads histories of the ledger workload: attempts are named
// tenant/operation/key, and operations of function "entries" read back the
// books of the tenant that is their key.
func Ledger() Reading {
	return Reading{
		Scope:   ledgerScope,
		Refusal: ledgerRefusal,
		Reply:   ledgerReply,
		Books:   ledgerBooks,
		Fits:    ledgerFits,
	}
}

func ledgerScope(idem string) string {
	tenant, _, _ := strings.Cut(idem, "/")
	return tenant
}

func ledgerRefusal(attempt *history.Operation) Refusal {
	switch code(attempt.Error) {
	case "insufficient-funds", "balance-limit":
		return Answered
	case "conflict":
		return Conflicting
	case "in-flight":
		return Busy
	case "no-leader", "no-key":
		return TurnedAway
	}
	return NeverDone
}

// ledgerFields returns the fields of a request that its effect and its reply
// repeat.
func ledgerFields(operation string) []string {
	switch operation {
	case "deposit":
		return depositFields
	case "transfer":
		return transferFields
	}
	return nil
}

var (
	depositFields  = []string{"account", "amount"}
	transferFields = []string{"from", "to", "amount"}
)

func ledgerReply(attempt *history.Operation) Reply {
	reply := Reply{Stable: attempt.Output}
	output, _ := attempt.Output.(map[string]any)
	input, _ := attempt.Input.(map[string]any)
	switch id := output["id"].(type) {
	case int64, string:
		reply.ID = id
	}
	for _, field := range ledgerFields(attempt.F) {
		if got, told := output[field]; told && !equal(got, input[field]) {
			reply.Foreign = fmt.Sprintf("it says %s %v, but %v was asked for", field, got, input[field])
			break
		}
	}
	return reply
}

var (
	errNotBooks = errors.New("the value is no list of entries")
	errNotEntry = errors.New("the entry has no operation and key")
)

func ledgerBooks(op *history.Operation) (string, iter.Seq2[Effect, error]) {
	if op.F != "entries" {
		return "", nil
	}
	entries, ok := op.Output.([]any)
	if !ok {
		return op.Key, func(yield func(Effect, error) bool) { yield(Effect{}, errNotBooks) }
	}
	return op.Key, func(yield func(Effect, error) bool) {
		var idem []byte
		for _, e := range entries {
			entry, _ := e.(map[string]any)
			operation, isOperation := entry["operation"].(string)
			key, isKey := entry["key"].(string)
			if !isOperation || !isKey {
				if !yield(Effect{Entry: e}, errNotEntry) {
					return
				}
				continue
			}
			idem = append(append(idem[:0], op.Key...), '/')
			idem = append(append(idem, operation...), '/')
			idem = append(idem, key...)
			effect := Effect{Idem: idem, Entry: e}
			switch id := entry["id"].(type) {
			case int64, string:
				effect.ID = id
			}
			if !yield(effect, nil) {
				return
			}
		}
	}
}

func ledgerFits(effect Effect, attempt *history.Operation) bool {
	entry, _ := effect.Entry.(map[string]any)
	input, _ := attempt.Input.(map[string]any)
	fields := ledgerFields(attempt.F)
	if fields == nil {
		for field, asked := range input {
			if field != "tenant" && !equal(entry[field], asked) {
				return false
			}
		}
		return true
	}
	for _, field := range fields {
		if !equal(entry[field], input[field]) {
			return false
		}
	}
	return true
}

// code is an error up to its first colon.
func code(err string) string {
	short, _, _ := strings.Cut(err, ":")
	return short
}

// equal reports whether two values of a history are the same.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for field, value := range a {
			if other, found := b[field]; !found || !equal(value, other) {
				return false
			}
		}
		return true
	case int64:
		b, ok := b.(int64)
		return ok && a == b
	case string:
		b, ok := b.(string)
		return ok && a == b
	case float64:
		b, ok := b.(float64)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	}
	return a == nil && b == nil
}
