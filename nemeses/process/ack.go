package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/life"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

var (
	_ harness.Fault = (*killingAtAck)(nil)
	_ cluster.Rule  = ackRule{}
)

// killingAtAck kills nodes, once, while the reply to a successful change is held
// on its way to the client.
//
// If the reply is passed on afterwards, the client knows of a change that
// everyone who did it has died over: it must be on their disks. If it is not,
// its connection is reset, and the change is one that was done and never
// acknowledged.
type killingAtAck struct {
	plan         plan.Fault
	world        harness.World
	acknowledged func(request, reply []byte) bool
	pass         bool

	over atomic.Bool // killed or healed; set under mu

	mu      sync.Mutex // held while nodes are killed
	nodes   []cluster.Node
	removes []func()
	dead    []string
	at      string // the reply
	err     error
}

// Inject watches the client links of the targets.
func (k *killingAtAck) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, k.world, k.plan.Target, k.plan.Salt)
	if err != nil {
		return fmt.Errorf("kill-at-ack: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.nodes = nodes
	for _, node := range nodes {
		link := k.world.Cluster().Link(cluster.Client, node.Name())
		if link == nil {
			return fmt.Errorf("kill-at-ack: clients have no link to %s", node.Name())
		}
		k.removes = append(k.removes, link.Add(ackRule{k, node.Name()}))
	}
	return nil
}

// strike kills the nodes while a reply waits for it.
func (k *killingAtAck) strike(at string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over.Swap(true) {
		return
	}
	k.at = at
	k.dead, k.err = life.Kill(k.nodes)
}

// Heal stops watching, and starts the nodes again if they were killed. If the
// killing failed it says so.
func (k *killingAtAck) Heal(ctx context.Context) error {
	k.mu.Lock()
	k.over.Store(true)
	for _, remove := range k.removes {
		remove()
	}
	nodes, err := k.nodes, k.err
	k.mu.Unlock()
	return errors.Join(err, life.Revive(ctx, nodes))
}

// Evidence counts the nodes that were seen dead.
func (k *killingAtAck) Evidence() harness.Evidence {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := harness.Evidence{Count: int64(len(k.dead)), Where: slices.Clone(k.dead), What: "no acknowledgement came by"}
	if k.at != "" {
		passed := "which was then passed on"
		if !k.pass {
			passed = "which was not passed on"
		}
		e.What = fmt.Sprintf("killed at %s, %s: %s", k.at, passed, list(k.dead))
	}
	return e
}

// ackRule watches the replies of one node.
type ackRule struct {
	fault *killingAtAck
	from  string
}

// Dial lets every connection be opened.
func (ackRule) Dial() cluster.Action { return cluster.Action{} }

// Judge has the nodes killed before an acknowledgement is passed on.
func (r ackRule) Judge(m cluster.Message) cluster.Action {
	if !m.Framed || !m.Reply || !r.fault.acknowledged(m.Request, m.Bytes) || r.fault.over.Load() {
		return cluster.Action{}
	}
	at := fmt.Sprintf("reply %d on connection %d of %s", m.Seq+1, m.Conn+1, r.from)
	return cluster.Action{
		Before: func() { r.fault.strike(at) },
		Reset:  !r.fault.pass,
	}
}
