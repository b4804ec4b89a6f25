// Package nemeses is the registry of the faults that can be put on a system.
package nemeses

import (
	"context"
	"slices"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/disk"
	"github.com/tertium-dev/tertium/nemeses/failover"
	"github.com/tertium-dev/tertium/nemeses/link"
	"github.com/tertium-dev/tertium/nemeses/maintenance"
	"github.com/tertium-dev/tertium/nemeses/process"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

// All returns every kind of fault, family by family.
func All() []harness.FaultKind {
	return slices.Concat(
		wire.Kinds(),
		link.Kinds(),
		process.Kinds(wire.Acknowledged),
		disk.Kinds(),
		maintenance.Kinds(),
		failover.Kinds(),
	)
}

// Find returns the kind of that name.
func Find(name string) (harness.FaultKind, bool) {
	for _, kind := range All() {
		if kind.Name == name {
			return kind, true
		}
	}
	return harness.FaultKind{}, false
}

// Framers returns what finds the messages in client connections, by protocol.
func Framers() map[string]cluster.Framer {
	framers := map[string]cluster.Framer{}
	for name, protocol := range wire.Protocols() {
		framers[name] = protocol
	}
	return framers
}

// Idle returns the kinds with the same names that do nothing, and say so in
// their evidence. With them a harness proves that it takes no fault's effect on
// trust.
func Idle(kinds []harness.FaultKind) []harness.FaultKind {
	idle := slices.Clone(kinds)
	for i := range idle {
		idle[i].New = func(plan.Fault, harness.World) (harness.Fault, error) { return idler{}, nil }
	}
	return idle
}

// idler is a fault that does nothing.
type idler struct{}

func (idler) Inject(context.Context) error { return nil }
func (idler) Heal(context.Context) error   { return nil }
func (idler) Evidence() harness.Evidence   { return harness.Evidence{What: "nothing was done"} }
