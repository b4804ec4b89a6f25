package fake

import (
	"context"
	"errors"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is a fake [harness.System]: only what faults ask a system about has an
// answer.
type System struct {
	// Proto is its protocol.
	Proto string
	// Once is the workload whose requests it deduplicates.
	Once string
	// Alone makes its nodes open no connections to each other.
	Alone bool
}

// Name returns "fake".
func (*System) Name() string { return "fake" }

// Doc returns a line.
func (*System) Doc() string { return "nothing at all" }

// Defaults does nothing.
func (*System) Defaults(*plan.Config) {}

// Workloads returns none.
func (*System) Workloads() []string { return nil }

// Bugs returns none.
func (*System) Bugs() []harness.Bug { return nil }

// Nodes returns the nodes of the config, all peers of each other unless s.Alone.
func (s *System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	var specs []cluster.Spec
	for _, name := range config.Nodes {
		spec := cluster.Spec{Name: name}
		for _, peer := range config.Nodes {
			if peer != name && !s.Alone {
				spec.Peers = append(spec.Peers, peer)
			}
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// Protocol returns s.Proto.
func (s *System) Protocol() string { return s.Proto }

// Open always fails.
func (*System) Open(string, string, plan.Config) (harness.Client, error) {
	return nil, errors.New("a fake system has no clients")
}

// Deduplicates compares with s.Once.
func (s *System) Deduplicates(workload string) bool { return workload != "" && workload == s.Once }

// Primary knows none: ask the world.
func (*System) Primary(context.Context, cluster.Cluster) (string, error) { return "", nil }

// Settled always is.
func (*System) Settled(context.Context, cluster.Cluster) error { return nil }

// TearableSystem is a System whose log is given by a function.
type TearableSystem struct {
	System
	TearFunc func(data string, salt uint64) (string, error)
}

// Tear calls s.TearFunc.
func (s *TearableSystem) Tear(data string, salt uint64) (string, error) {
	return s.TearFunc(data, salt)
}
