package plan

import (
	"strings"
	"time"
)

// Config is all that a plan depends on besides its seed. Its zero value is not
// usable; a system's and a workload's defaults fill it.
type Config struct {
	System   string
	Workload string
	Runtime  string
	// Nodes are the names of the nodes, in the system's order.
	Nodes []string
	// Bugs are the bug switches that are on.
	Bugs []string
	// Workers is the number of clients that work at the same time.
	Workers int
	// Rate is the number of operations a second that all workers together
	// aim at.
	Rate int
	// WarmUp, Time and Settle are the lengths of the phases before, during and
	// after the faults.
	WarmUp, Time, Settle time.Duration
	// Timeout is how long a client waits for a reply.
	Timeout time.Duration
	// Faults are the kinds of faults to inject, each at least once, at moments
	// that the seed decides.
	Faults []string
	// Script are faults at moments that somebody chose, beside those.
	Script []Injection
	// Keys is the number of keys or accounts that the workload uses at a time.
	Keys int
	// AmbiguityBudget is how many unknown outcomes a key may gather before the
	// workers go on with a fresh key.
	AmbiguityBudget int
	// Options are the system's and the workload's own settings.
	Options map[string]string
}

// Workloads are the names of the workloads that are put side by side: "register"
// and "ledger" of "register+ledger".
func (c Config) Workloads() []string { return strings.Split(c.Workload, "+") }
