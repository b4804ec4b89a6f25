package harness

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// pause is how long a careful client waits before it tries an operation of
// unknown outcome again, or asks a node again that cannot serve.
const pause = 50 * time.Millisecond

// worker does the operations of its lanes, one at a time, under one process
// after another.
type worker struct {
	*run
	number  int
	process int
	lane    *history.Lane
	// clients are those of the current process, by node.
	clients map[string]Client
}

func newWorker(r *run, number int) (*worker, error) {
	lane, err := r.recorder.Lane(fmt.Sprintf("worker %d", number))
	if err != nil {
		return nil, err
	}
	return &worker{run: r, number: number, process: number, lane: lane, clients: map[string]Client{}}, nil
}

// work does operations until there are none left or the phase ends.
func (w *worker) work(ctx context.Context, ops []plan.Op, phase <-chan struct{}) error {
	for _, op := range ops {
		if !w.waitFor(ctx, op.At, phase) {
			return nil
		}
		if op.Unless != nil && w.tally.holds(op.Unless) {
			continue
		}
		if err := w.do(ctx, op, phase); err != nil {
			return fmt.Errorf("worker %d, operation %s: %w", w.number, op.Ref, err)
		}
	}
	return nil
}

// waitFor waits until the moment of the plan, and reports whether the phase
// still goes on.
func (w *worker) waitFor(ctx context.Context, at time.Duration, phase <-chan struct{}) bool {
	select {
	case <-phase:
		return false
	case <-ctx.Done():
		return false
	default:
	}
	wait := time.Until(w.began.Add(at))
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-phase:
		return false
	case <-ctx.Done():
		return false
	}
}

// do invokes one operation, and again while its outcome is unknown and the plan
// has retries for it.
func (w *worker) do(ctx context.Context, op plan.Op, phase <-chan struct{}) error {
	op = w.resolver.Resolve(w.number, op)
	for retries := op.Retries; ; retries-- {
		completion, err := w.attempt(ctx, op)
		if err != nil {
			return err
		}
		w.resolver.Observe(w.number, op, completion)
		again := completion.Outcome == history.Unknown && retries > 0
		if completion.Outcome == history.Unknown {
			w.retire()
		}
		if again || completion.Backoff {
			again = w.waitFor(ctx, time.Since(w.began)+pause, phase) && again
		}
		if !again {
			return nil
		}
	}
}

// attempt is one invocation and its completion, both recorded.
func (w *worker) attempt(ctx context.Context, op plan.Op) (Completion, error) {
	node := op.Node
	if node == "" {
		node = w.plan.Config.Nodes[w.number%len(w.plan.Config.Nodes)]
	}
	invocation := history.Event{
		Process: w.process, F: op.F, Key: op.Key, Value: op.Value, Idem: op.Idem, Node: node, Ref: op.Ref,
	}
	client, err := w.client(node)
	if err != nil {
		return Completion{}, err
	}
	if _, err := w.lane.Invoke(invocation); err != nil {
		return Completion{}, err
	}
	completion := invoke(ctx, client, Invocation{F: op.F, Key: op.Key, Idem: op.Idem, Value: op.Value}, w.plan.Config.Timeout)
	event, err := w.lane.Complete(history.Event{
		Process: w.process, F: op.F, Key: op.Key,
		Outcome: completion.Outcome, Value: completion.Value, Error: completion.Error,
	})
	if err != nil {
		return Completion{}, err
	}
	w.progress.count(completion.Outcome)
	w.tally.see(event)
	w.watchers.tell(event)
	return completion, nil
}

// invoke asks a client, and takes a panic for what it is: no proof of anything.
func invoke(ctx context.Context, client Client, i Invocation, timeout time.Duration) (c Completion) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			c = Completion{Outcome: history.Unknown, Error: fmt.Sprintf("panic: in the client: %v", r)}
		}
	}()
	return client.Invoke(ctx, i)
}

func (w *worker) client(node string) (Client, error) {
	if client := w.clients[node]; client != nil {
		return client, nil
	}
	link := w.cluster.Link(cluster.Client, node)
	if link == nil {
		return nil, fmt.Errorf("the plan names node %q, which the cluster does not have", node)
	}
	client, err := w.system.Open(node, link.Addr(), w.plan.Config)
	if err != nil {
		return nil, fmt.Errorf("open a client of %s: %w", node, err)
	}
	if slices.Contains(w.plan.Config.Bugs, FalseFail) {
		client = falseFailClient{client}
	}
	w.clients[node] = client
	return client, nil
}

// retire ends the current process. What it left open may still take effect, so
// nothing that shared its connection may go on.
func (w *worker) retire() {
	w.close()
	w.process += w.plan.Config.Workers
}

func (w *worker) close() {
	for node, client := range w.clients {
		_ = client.Close() // it is given up either way
		delete(w.clients, node)
	}
}

// falseFailClient is the planted bug "false-fail".
type falseFailClient struct{ Client }

func (c falseFailClient) Invoke(ctx context.Context, i Invocation) Completion {
	completion := c.Client.Invoke(ctx, i)
	if completion.Outcome == history.Unknown {
		completion.Outcome = history.Fail
	}
	return completion
}
