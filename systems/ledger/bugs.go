package ledger

import (
	"slices"

	"github.com/tertium-dev/tertium/harness"
)

// Bugs returns the planted bugs, each with the workload that shows it.
func (System) Bugs() []harness.Bug {
	const register, ledger = "register", "ledger"
	return []harness.Bug{
		{Name: "stale-follower-read", Workload: register,
			Doc: "followers answer reads from their own state, to take load off the leader"},
		{Name: "stale-leader-read", Workload: register,
			Doc: "a leader answers reads under a lease that outlives its deposition"},
		{Name: "cas-outside-log", Workload: register,
			Doc: "compare-and-set compares when the request arrives and logs a plain write"},
		{Name: "ack-before-quorum", Workload: register,
			Doc: "a leader answers a write once it is in its own log"},
		{Name: "ack-before-fsync", Workload: register,
			Doc: "log records are acknowledged while a buffer holds them for up to 200 ms"},
		{Name: "no-dedupe", Workload: ledger,
			Doc: "the Idempotency-Key is required and then not looked at"},
		{Name: "dedupe-in-memory", Workload: ledger,
			Doc: "each node keeps the replies it gave in a map of its own"},
		{Name: "dedupe-lost-in-snapshot", Workload: ledger,
			Doc: "the key table was added to the state and forgotten in its snapshot"},
		{Name: "key-after-effect", Workload: ledger,
			Doc: "the key is recorded by a second log entry after that of the effect"},
		{Name: "concurrent-duplicates", Workload: ledger,
			Doc: "the key is looked up when a request arrives, not when it is applied"},
		{Name: "key-not-scoped-by-tenant", Workload: ledger,
			Doc: "the key table is indexed by operation and key, without the tenant"},
		{Name: "key-any-payload", Workload: ledger,
			Doc: "a known key is answered without comparing the payload"},
		{Name: "replay-differs", Workload: ledger,
			Doc: "a replayed reply shows the balance of now, not that of the first reply"},
		{Name: "torn-tail-accepted", Workload: ledger,
			Doc: "recovery takes the last log record without checking its checksum"},
		{Name: "transfer-half", Workload: ledger,
			Doc: "a transfer debits and answers; a job in memory credits later"},
		{Name: "key-expires-in-flight", Workload: ledger,
			Doc: "a key is claimed with a timeout, and slow work goes on after it lapsed"},
	}
}

// serviceBugs returns those of the names that are switches of the service; the
// harness has some of its own.
func serviceBugs(names []string) []string {
	var bugs []string
	for _, bug := range (System{}).Bugs() {
		if slices.Contains(names, bug.Name) {
			bugs = append(bugs, bug.Name)
		}
	}
	return bugs
}
