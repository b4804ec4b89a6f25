// Package conservation judges whether a ledger makes or loses money: whether
// every balance is the sum of the account's entries, at every node alike, and
// can have been what it was told to be.
//
// It reads histories of the ledger workload. An effect is a deposit or a
// transfer that was done. What was observed of it bounds the moment τ at which
// that was: after lo, the call of the first attempt that can have done it, or a
// later settling of the nodes after which a read-back still lacks it; and before
// hi, the first return of an attempt or a read-back that tells of it. An effect
// that nothing tells of may have been done after lo or never: its hi is never.
// Requests that were refused for good, and those whose failure their clients
// vouch for, have none. A request that nothing tells of has one possible effect
// for each payload that it was sent with.
//
// # Balances that were told
//
// Let a balance be told by an operation, and be that of the account at a moment
// t between from and to: for a reading, its call and return; for the reply to a
// deposit or transfer, which tells the balance just after its own effect, that
// effect's lo and hi. Every effect with hi ≤ from was done before t, and every
// one that was done before t has lo < to. So with sums over the credits C and
// the debits D of the account,
//
//	C(hi ≤ from) − D(lo < to)  ≤  balance  ≤  C(lo < to) − D(hi ≤ from)
//
// where of a transfer's reply its own debit, and of a deposit's its own credit,
// is in both sides for certain. And no balance is below zero. Each told balance
// is compared with these bounds in one pass over the events with four running
// sums an account.
//
// # Balances that were read back
//
// A node's balances, read back as a list, are compared with the entries of the
// same node, read back before and after; see judgeSums. No choice of the effects
// that may have come between may make up the difference.
//
// # Entries
//
// Each entry must be what an attempt asked for that can have been done, and that
// began before the entry was read. What a node's books held they hold in every
// later reading. After the nodes have settled, every node's books hold all that
// was acknowledged or seen before. An entry is the same in all books, and in
// none twice.
//
// # What it means
//
// All of these are necessary: a ledger that keeps its promises is never accused.
// They are not sufficient: which order of effects explains all balances
// together is a question that takes exponential time. Tests compare the verdict
// with all possible ledgers run side by side; of small corrupted histories it
// finds more than nine in ten. Whether a key has two effects is for package
// idempotent to judge; here both count as what they are, entries in the books.
//
// It takes time and memory in proportion to the operations and what the
// read-backs show. It is unknown if nothing was acknowledged or seen, if the
// entries or the accounts of a tenant with effects were never read back after the
// nodes had settled, if an operation cannot be read, and past its budget.
package conservation
