package link

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

var (
	_ harness.Fault = (*latency)(nil)
	_ cluster.Rule  = (*latency)(nil)
)

// latency delays what goes over the links of its targets. It is the rule of all
// of them.
type latency struct {
	kind  harness.FaultKind
	plan  plan.Fault
	world harness.World
	args  params.Values

	seen, delayed atomic.Int64

	mu      sync.Mutex
	where   []string
	removes []func()
}

func newLatency(kind harness.FaultKind, f plan.Fault, w harness.World) (*latency, error) {
	args, err := check(kind, f, w)
	if err != nil {
		return nil, err
	}
	return &latency{kind: kind, plan: f, world: w, args: args}, nil
}

// Inject slows down every link from and to the targets.
func (l *latency) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, l.world, l.plan.Target, l.plan.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", l.kind.Name, err)
	}
	slow := target.Names(nodes)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, link := range peerLinks(l.world.Cluster()) {
		if slices.Contains(slow, link.From()) || slices.Contains(slow, link.To()) {
			l.removes = append(l.removes, link.Add(l))
			l.where = append(l.where, way{link.From(), link.To()}.String())
		}
	}
	if len(l.removes) == 0 {
		return fmt.Errorf("%s: there is no link between nodes to slow down", l.kind.Name)
	}
	return nil
}

// Heal lets everything pass at once again.
func (l *latency) Heal(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, remove := range l.removes {
		remove()
	}
	return nil
}

// Evidence counts what was delayed.
func (l *latency) Evidence() harness.Evidence {
	l.mu.Lock()
	defer l.mu.Unlock()
	return harness.Evidence{
		Count: l.delayed.Load(),
		Where: slices.Clone(l.where),
		What:  fmt.Sprintf("%d messages between nodes delayed", l.delayed.Load()),
	}
}

// Dial opens connections at once.
func (l *latency) Dial() cluster.Action { return cluster.Action{} }

// Judge delays each message by its own draw.
func (l *latency) Judge(cluster.Message) cluster.Action {
	n := l.seen.Add(1) - 1
	draws := plan.NewStream(l.plan.Salt, "message", strconv.FormatInt(n, 10))
	jitter := draws.Between(0, int64(l.args.Milliseconds(jitterArg)))
	held := l.args.Milliseconds(delayArg) + time.Duration(jitter)
	if held > 0 {
		l.delayed.Add(1)
	}
	return cluster.Action{Delay: held}
}
