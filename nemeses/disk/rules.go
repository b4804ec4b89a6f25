package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/life"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

// Parameters of faults of requests.
const (
	// millisArg is how many milliseconds a request is delayed.
	millisArg = "millis"
	// opsArg says which requests fail: 0 reads, 1 writes, 2 fsyncs, 3 all.
	opsArg = "ops"
)

var _ harness.Fault = (*ruling)(nil)

// judge is a rule as a function. It returns true if it did something to the
// request.
type judge func(cluster.DiskRequest) (cluster.DiskAction, bool)

func slowKind() harness.FaultKind {
	return ruleKind(harness.FaultKind{
		Name: "slow-fsync", Doc: "fsyncs of nodes take so many milliseconds longer",
		Targets: []string{target.Leader, target.All}, Args: map[string][2]int64{millisArg: {20, 200}}, OptIn: true,
	}, "fsyncs were delayed", func(args params.Values) judge {
		delay := args.Milliseconds(millisArg)
		return func(r cluster.DiskRequest) (cluster.DiskAction, bool) {
			return cluster.DiskAction{Delay: delay}, r.Op == cluster.DiskSync
		}
	})
}

func errorKind() harness.FaultKind {
	return ruleKind(harness.FaultKind{
		Name: "disk-eio", Doc: "reads (ops=0), writes (1), fsyncs (2) or all (3) of nodes fail with an I/O error",
		Targets: []string{target.Leader, target.Follower}, Args: map[string][2]int64{opsArg: {1, 2}}, OptIn: true,
	}, "requests failed with EIO", func(args params.Values) judge {
		ops := args[opsArg]
		return func(r cluster.DiskRequest) (cluster.DiskAction, bool) {
			return cluster.DiskAction{Err: syscall.EIO}, ops >= 3 || int64(r.Op) == ops
		}
	})
}

func fullKind() harness.FaultKind {
	return ruleKind(harness.FaultKind{
		Name: "disk-full", Doc: "the disks of nodes are full: what needs space fails with ENOSPC",
		Targets: []string{target.Leader, target.Follower, target.All}, OptIn: true,
	}, "requests failed with ENOSPC", func(params.Values) judge {
		return func(r cluster.DiskRequest) (cluster.DiskAction, bool) {
			return cluster.DiskAction{Err: syscall.ENOSPC}, r.Op == cluster.DiskWrite && r.Grows
		}
	})
}

// ruleKind completes a kind that does something to requests.
func ruleKind(kind harness.FaultKind, effect string, rule func(params.Values) judge) harness.FaultKind {
	kind.Family, kind.Nodes, kind.Length, kind.Disk, kind.Available = Family, 1, 2*time.Second, true, disks
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		args, err := check(kind, f, w)
		if err != nil {
			return nil, err
		}
		return &ruling{plan: f, world: w, judge: rule(args), effect: effect, counts: map[string]*atomic.Int64{}}, nil
	}
	return kind
}

// ruling does something to requests of nodes to their disks.
type ruling struct {
	plan   plan.Fault
	world  harness.World
	judge  judge
	effect string

	mu     sync.Mutex
	nodes  []cluster.Node
	counts map[string]*atomic.Int64 // by node
	remove []func()
}

// counted is the rule on one disk.
type counted struct {
	judge judge
	count *atomic.Int64
}

// Judge applies the rule and counts.
func (c counted) Judge(r cluster.DiskRequest) cluster.DiskAction {
	action, effective := c.judge(r)
	if !effective {
		return cluster.DiskAction{}
	}
	c.count.Add(1)
	return action
}

// Inject puts the rule on the disks.
func (r *ruling) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, r.world, r.plan.Target, r.plan.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", r.plan.Kind, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes = nodes
	var errs []error
	for _, node := range nodes {
		disk, err := of(node)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		count := new(atomic.Int64)
		r.counts[node.Name()] = count
		r.remove = append(r.remove, disk.Add(counted{r.judge, count}))
	}
	return errors.Join(errs...)
}

// Heal takes the rule off, and brings back nodes that ended of it.
func (r *ruling) Heal(ctx context.Context) error {
	r.mu.Lock()
	nodes, remove := r.nodes, r.remove
	r.remove = nil
	r.mu.Unlock()
	for _, undo := range remove {
		undo()
	}
	return life.Revive(ctx, nodes)
}

// Evidence counts the requests that met the rule.
func (r *ruling) Evidence() harness.Evidence {
	r.mu.Lock()
	defer r.mu.Unlock()
	var evidence harness.Evidence
	for _, node := range r.nodes {
		if count := r.counts[node.Name()]; count != nil && count.Load() > 0 {
			evidence.Count += count.Load()
			evidence.Where = append(evidence.Where, node.Name())
		}
	}
	evidence.What = fmt.Sprintf("%d %s", evidence.Count, r.effect)
	return evidence
}
