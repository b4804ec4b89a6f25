// Package bank is the workload of transfers between accounts whose total never
// changes, and of reads of all accounts at once.
//
// Operations, none of which has a Key:
//
//	f         value of invocation                       value of an ok completion
//	read      []any, the names of all accounts          map[string]any, the balance of
//	                                                    each, an int64, by its name
//	transfer  {"from": string, "to": string,            anything
//	          "amount": int64}
//
// Accounts are not opened: one that no transfer has touched holds [Initial]. Both
// operations are to be one transaction each. A transfer reads both balances; if
// there is not enough on the first, it changes nothing and is answered fail with
// the code insufficient-funds; otherwise it takes the amount from the one and
// puts it on the other. The accounts of a transfer differ, and amounts are small
// beside what is there, yet large enough that accounts run dry.
//
// A client answers fail only if nothing of the transfer was done and nothing will
// be; one with an unknown outcome may be done at any later time, or never, and is
// not tried again.
//
// There are as many accounts as the config has keys, "a0", "a1" and so on, and
// all stay in use. Once the faults are healed and the nodes have settled, they
// are read through every node.
//
// The total is all that is judged: a transfer that is lost whole, or done twice,
// leaves it as it is. What shows that is the workload ledger.
package bank
