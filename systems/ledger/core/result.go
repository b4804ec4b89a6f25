package core

// Code says what became of a request.
type Code uint8

const (
	// OK: done.
	OK Code = iota
	// Mismatch: the register did not hold what a compare-and-set expected. The
	// result's Value and None say what it held.
	Mismatch
	// InsufficientFunds: the account does not hold so much. The refusal is the
	// reply of its key, and is replayed.
	InsufficientFunds
	// BalanceLimit: the balance would leave the range of int64. Also a reply.
	BalanceLimit
	// Conflict: the key was used before with another payload.
	Conflict
	// InFlight: this node is still doing another request under the key.
	InFlight
	// NoLeader: no leader is known, so nothing was tried, and never will be.
	NoLeader
)

var codeNames = [...]string{
	OK:                "ok",
	Mismatch:          "mismatch",
	InsufficientFunds: "insufficient-funds",
	BalanceLimit:      "balance-limit",
	Conflict:          "conflict",
	InFlight:          "in-flight",
	NoLeader:          "no-leader",
}

// String returns the code as it stands in replies: "insufficient-funds".
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "no-such-code"
}

// Result is the answer to a command. Which fields have a meaning depends on the
// operation.
type Result struct {
	Code Code
	// Replayed is true if the key was used before and this is the stored reply.
	Replayed bool
	// ID is the number of the effect in the books.
	ID int64
	// Account, To and Amount are those of the command.
	Account, To string
	Amount      int64
	// Balance is that of Account just after the effect.
	Balance int64
	// Value is what a register holds; None is true if it was never written.
	Value int64
	None  bool
}

func (r Result) encode(e *encoder) {
	e.byte(byte(r.Code))
	e.int(r.ID)
	e.string(r.Account)
	e.string(r.To)
	e.int(r.Amount)
	e.int(r.Balance)
	e.int(r.Value)
	e.bool(r.None)
}

func decodeResult(d *decoder) Result {
	return Result{
		Code:    Code(d.byte()),
		ID:      d.int(),
		Account: d.string(),
		To:      d.string(),
		Amount:  d.int(),
		Balance: d.int(),
		Value:   d.int(),
		None:    d.bool(),
	}
}
