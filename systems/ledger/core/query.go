package core

// QueryKind is what a query asks for.
type QueryKind uint8

const (
	// Register asks for the value of the register Account.
	Register QueryKind = iota + 1
	// Balance asks for the balance of Account.
	Balance
	// Accounts asks for a page of the tenant's accounts, by name.
	Accounts
	// Entries asks for a page of the tenant's books, oldest first.
	Entries
)

// Query asks for a part of the state.
type Query struct {
	Kind            QueryKind
	Tenant, Account string
	// After and AfterID are where the last page of accounts or entries ended.
	After   string
	AfterID int64
	// Limit is the length of a page.
	Limit int
	// Local asks for the state of this node as it is. Without it the answer is
	// linearizable.
	Local bool
}

// Page is a part of a listing.
type Page struct {
	Accounts []Account
	// Entries must not be changed.
	Entries []Entry
	// More says that the listing goes on.
	More bool
}

// Read answers a query from the state as it is.
func (s *State) Read(q Query) (Result, Page) {
	if q.Kind == Register {
		value, written := s.registers[q.Account]
		return Result{Account: q.Account, Value: value, None: !written}, Page{}
	}
	b := s.tenants[q.Tenant]
	if b == nil {
		b = newBooks()
	}
	var page Page
	switch q.Kind {
	case Balance:
		return Result{Account: q.Account, Balance: b.balances[q.Account]}, Page{}
	case Accounts:
		page.Accounts, page.More = b.accounts(q.After, q.Limit)
	case Entries:
		page.Entries, page.More = b.entriesAfter(q.AfterID, q.Limit)
	}
	return Result{}, page
}
