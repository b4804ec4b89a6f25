// Package ledger is the workload of a payments service: deposits and transfers
// that carry an idempotency key and are tried again, as a careful client does,
// until their outcome is known.
//
// An account belongs to a tenant and starts, without being opened, at 0. Its
// name in a history is tenant/account ("t1/a3"); in requests and replies it is
// the bare account, as the tenant is part of the request. Operations:
//
//	f          key          value of invocation                       value of ok completion
//	deposit    t1/a3        {"tenant","account","amount"}             {"id", "account", "amount", "balance"}
//	transfer   t1/a3        {"tenant","from","to","amount"}           {"id", "from", "to", "amount", "balance"}
//	balance    t1/a3        nil                                       int64
//	accounts   t1           nil                                       [{"account", "balance"} ...]
//	entries    t1           nil                                       [{"id", "operation", "key", …} ...]
//
// Amounts, balances and ids are int64. The balance in a reply is that of the
// account debited (or credited, by a deposit) just after the effect. An entry
// is one effect in the service's books: id, operation ("deposit" or
// "transfer"), the idempotency key under which it was done, and the fields of
// the request's value other than tenant. accounts and entries read all pages of
// one node's own state and are made after the faults, once the nodes have
// settled; the node is the event's Node.
//
// Idem is tenant/operation/key, such as "t1/transfer/k17": the scope in which
// the service promises one effect and one reply per key. Completions that are
// not ok carry one of these codes in Error:
//
//	insufficient-funds  fail: refused; the refusal is the reply, and is replayed
//	conflict            fail: the key was used before with another payload (422)
//	no-key              fail: the key was missing (400)
//	never-sent          fail: no byte of the request left
//	in-flight           unknown: another attempt under this key is being done (409)
//	no-leader           unknown: the node knows no leader and did not try (421)
//	anything else       unknown
//
// A refusal that leaves no trace under the key, in-flight or no-leader, proves
// nothing: whoever sees the key may deliver the request again, and then it may
// be done.
//
// Beside plain traffic the plan holds probes that a correct service withstands:
// a key sent again soon or long after it was answered, the same key from two
// workers at the same moment or a moment apart, a key sent again with another
// payload, and the same key under another tenant and under another operation.
package ledger
