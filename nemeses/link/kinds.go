package link

import (
	"errors"
	"fmt"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

// Family is the name of this family of faults.
const Family = "link"

// length is several elections.
const length = 2 * time.Second

const (
	delayArg  = "delay_ms"
	jitterArg = "jitter_ms"
	// deafArg is 1 if the node hears nothing, 0 if it is not heard.
	deafArg = "deaf"
)

var oneNode = []string{target.Leader, target.Follower, target.Random}

// Kinds returns the kinds of this family.
func Kinds() []harness.FaultKind {
	kinds := []harness.FaultKind{
		partition("partition", "one node is cut off from all others, in both directions", 2, oneNode, nil,
			func(nodes []string, one string, _ params.Values, _ *plan.Stream) cuts { return isolate(nodes, one) }),
		partition("partition-one-way", "one node is not heard by the others (deaf=0), or hears nothing of them (deaf=1)",
			2, oneNode, map[string][2]int64{deafArg: {0, 1}}, cutOneWay),
		partition("partition-leader", "the node that leads is cut off from all others, in both directions",
			2, []string{target.Leader}, nil,
			func(nodes []string, one string, _ params.Values, _ *plan.Stream) cuts { return isolate(nodes, one) }),
		partition("partition-bridge", "all nodes but one are split into halves that see that one and not each other",
			// A leader in the middle would lose sight of nobody, and followers
			// have little to say to each other.
			3, []string{target.Follower}, nil,
			func(nodes []string, one string, _ params.Values, draws *plan.Stream) cuts {
				return bridge(nodes, one, draws)
			}),
		partition("partition-ring", "every node hears just a majority, and no two nodes the same one",
			3, []string{target.All}, nil,
			func(nodes []string, _ string, _ params.Values, draws *plan.Stream) cuts { return ring(nodes, draws) }),
	}
	latency := harness.FaultKind{
		Name: "link-latency", Doc: "what nodes send each other is held for delay_ms and up to jitter_ms more",
		Family: Family, Targets: append([]string{target.All}, oneNode...), Nodes: 2, Length: length, Available: linked,
		Args: map[string][2]int64{delayArg: {10, 100}, jitterArg: {0, 60}},
	}
	latency.New = func(f plan.Fault, w harness.World) (harness.Fault, error) { return newLatency(latency, f, w) }
	return append(kinds, latency)
}

// shape says what a partition cuts. One is the node that it is about, or empty
// if that is all of them.
type shape func(nodes []string, one string, args params.Values, draws *plan.Stream) cuts

func cutOneWay(nodes []string, one string, args params.Values, _ *plan.Stream) cuts {
	if args[deafArg] == 0 {
		return mute(nodes, one)
	}
	return deafen(nodes, one)
}

func partition(name, doc string, nodes int, targets []string, args map[string][2]int64, shape shape) harness.FaultKind {
	kind := harness.FaultKind{
		Name: name, Doc: doc, Family: Family, Targets: targets, Args: args, Nodes: nodes,
		Length: length, Available: linked,
	}
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) { return newPartition(kind, shape, f, w) }
	return kind
}

// check reads the arguments and looks at the target of a planned fault.
func check(kind harness.FaultKind, f plan.Fault, w harness.World) (params.Values, error) {
	// A kind for one target alone is that target's by its name or its shape; a
	// follower, though, may be any node that the user names.
	if len(kind.Targets) == 1 && kind.Targets[0] != target.Follower && f.Target != kind.Targets[0] {
		return nil, fmt.Errorf("%s can only be put on %q, not on %q", kind.Name, kind.Targets[0], f.Target)
	}
	if err := target.Check(w.Cluster(), f.Target, kind.Targets); err != nil {
		return nil, err
	}
	return params.Read(f, kind.Args)
}

// linked returns nil if the nodes of the system open connections to each other.
func linked(s harness.System, config plan.Config) error {
	specs, err := s.Nodes(config)
	if err != nil {
		return fmt.Errorf("asking %s for its nodes: %w", s.Name(), err)
	}
	for _, spec := range specs {
		if len(spec.Peers) > 0 {
			return nil
		}
	}
	return errors.New("its nodes open no connections to each other")
}

// peerLinks are the links between nodes.
func peerLinks(c cluster.Cluster) []cluster.Link {
	var links []cluster.Link
	for _, link := range c.Links() {
		if link.From() != cluster.Client {
			links = append(links, link)
		}
	}
	return links
}
