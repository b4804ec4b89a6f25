// Package asplanned has the resolver of workloads whose plans leave nothing
// open.
package asplanned

import (
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
)

// Resolver leaves operations as they were planned.
type Resolver struct{}

var _ harness.Resolver = Resolver{}

// Resolve returns the operation.
func (Resolver) Resolve(_ int, op plan.Op) plan.Op { return op }

// Observe does nothing.
func (Resolver) Observe(int, plan.Op, harness.Completion) {}
