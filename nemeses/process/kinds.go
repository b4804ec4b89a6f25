package process

import (
	"context"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

// Family is the name of this family of faults.
const Family = "process"

// replyArg is 1 if the reply that triggers a killing is passed on, 0 if not.
const replyArg = "reply"

// Recogniser returns, for a protocol, how to recognise the reply that
// acknowledges a change, or an error if it does not know the protocol.
type Recogniser func(protocol string) (func(request, reply []byte) bool, error)

// Kinds returns the kinds of this family.
func Kinds(acknowledged Recogniser) []harness.FaultKind {
	kill := killKind("kill", "nodes are killed (kill -9), and started again with the data they had",
		target.Leader, target.Follower, target.Majority)
	// A kind of its own, so that no run goes without it: what was acknowledged
	// and is in nobody's file shows only when nobody remembers it.
	killAll := killKind("kill-all", "all nodes are killed (kill -9) at the same moment, and started again with the data they had",
		target.All)
	pause := harness.FaultKind{
		Name: "pause", Doc: "nodes are stopped in their tracks (SIGSTOP), and go on later as if nothing had happened",
		Family: Family, Targets: []string{target.Leader, target.Follower, target.Majority},
		Nodes: 1, Length: 2 * time.Second, Available: anywhere,
	}
	pause.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		if err := check(pause, f, w); err != nil {
			return nil, err
		}
		return &pausing{plan: f, world: w}, nil
	}
	atAck := harness.FaultKind{
		Name: "kill-at-ack",
		Doc: "nodes are killed while the reply to a successful change is on its way," +
			" which then reaches the client (reply=1) or does not (reply=0)",
		Family: Family, Targets: []string{target.Leader, target.All}, Args: map[string][2]int64{replyArg: {0, 1}},
		Nodes: 1, Length: time.Second,
		Available: func(s harness.System, _ plan.Config) error {
			_, err := acknowledged(s.Protocol())
			return err
		},
	}
	atAck.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		if err := check(atAck, f, w); err != nil {
			return nil, err
		}
		args, err := params.Read(f, atAck.Args)
		if err != nil {
			return nil, err
		}
		recognise, err := acknowledged(w.System().Protocol())
		if err != nil {
			return nil, err
		}
		return &killingAtAck{plan: f, world: w, acknowledged: recognise, pass: args[replyArg] != 0}, nil
	}
	return []harness.FaultKind{kill, killAll, pause, atAck, crashLoop(), rollingRestart()}
}

func killKind(name, doc string, targets ...string) harness.FaultKind {
	kind := harness.FaultKind{
		Name: name, Doc: doc, Family: Family, Targets: targets, Nodes: 1, Length: time.Second, Available: anywhere,
	}
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		if err := check(kind, f, w); err != nil {
			return nil, err
		}
		return &killing{plan: f, world: w}, nil
	}
	return kind
}

func check(kind harness.FaultKind, f plan.Fault, w harness.World) error {
	if _, err := params.Read(f, kind.Args); err != nil {
		return err
	}
	return target.Check(w.Cluster(), f.Target, kind.Targets)
}

// anywhere: every runtime has processes.
func anywhere(harness.System, plan.Config) error { return nil }

func crashLoop() harness.FaultKind {
	kind := harness.FaultKind{
		Name: "crash-loop", Doc: "nodes are killed (kill -9) again as soon as they serve again, for as long as it lasts",
		Family: Family, Targets: []string{target.Leader, target.Follower}, Nodes: 1, Length: 4 * time.Second,
		OptIn: true, Available: anywhere,
	}
	return roundKind(kind, "killed", crash)
}

func rollingRestart() harness.FaultKind {
	kind := harness.FaultKind{
		Name: "rolling-restart", Doc: "all nodes are asked to end (SIGTERM) and started again, each once the one before it serves",
		Family: Family, Targets: []string{target.All}, Nodes: 1, Length: 5 * time.Second,
		OptIn: true, Available: anywhere,
	}
	return roundKind(kind, "restarted", restart)
}

func roundKind(kind harness.FaultKind, verb string, next func(context.Context, []cluster.Node, int) ([]string, bool, error)) harness.FaultKind {
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		if err := check(kind, f, w); err != nil {
			return nil, err
		}
		return &rounds{name: kind.Name, plan: f, world: w, verb: verb, next: next}, nil
	}
	return kind
}
