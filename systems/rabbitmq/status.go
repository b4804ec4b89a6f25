package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

const (
	// askTimeout bounds the questions to one node, which may be paused.
	askTimeout = 3 * time.Second
	// steady is how long all must be well before it is believed: what nodes tell
	// of others is up to a second old, and some of it is told twice.
	steady = 3 * time.Second
	// askAgain is how long to wait before the nodes are asked again.
	askAgain = 500 * time.Millisecond
)

// view is what a node says of the cluster.
type view struct {
	node   string
	nodes  []nodeStatus
	queues []queueStatus
	err    error
}

// nodeStatus and queueStatus are what the management API tells
// (https://www.rabbitmq.com/docs/3.13/management#http-api).
type nodeStatus struct {
	Name       string   `json:"name"`
	Running    bool     `json:"running"`
	Partitions []string `json:"partitions"`
}

type queueStatus struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Type  string `json:"type"`
	// Node is where its leader, or master, is.
	Node string `json:"node"`
	// Members and Online are those of a quorum queue.
	Members []string `json:"members"`
	Online  []string `json:"online"`
	// Mirrors and Synchronised are those of a mirrored one, but for its master.
	Mirrors      []string `json:"slave_nodes"`
	Synchronised []string `json:"synchronised_slave_nodes"`
	// Unacked is how many messages are out with consumers.
	Unacked int64 `json:"messages_unacknowledged"`
}

// lookAt asks all nodes at once, past every proxy.
func lookAt(ctx context.Context, nodes []cluster.Node) []view {
	views := make([]view, len(nodes))
	done := make(chan struct{})
	for i, node := range nodes {
		go func() {
			views[i] = look(ctx, node)
			done <- struct{}{}
		}()
	}
	for range nodes {
		<-done
	}
	return views
}

func look(ctx context.Context, node cluster.Node) view {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	v := view{node: node.Name()}
	addr := node.Addr(managementPort)
	if v.err = ask(ctx, addr, "nodes?columns=name,running,partitions", &v.nodes); v.err == nil {
		v.err = ask(ctx, addr, "queues", &v.queues)
	}
	if v.err != nil {
		v.err = fmt.Errorf("node %s: %w", v.node, v.err)
	}
	return v
}

// ask reads what the management API of a node tells.
func ask(ctx context.Context, addr, what string, into any) error {
	return call(ctx, http.MethodGet, addr, what, "", into)
}

// call asks the management API of a node. Without a place to read it into, the
// answer is thrown away.
func call(ctx context.Context, verb, addr, what, body string, into any) error {
	request, err := http.NewRequestWithContext(ctx, verb, "http://"+addr+"/api/"+what, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.SetBasicAuth("guest", "guest")
	// A connection of its own, closed after use: a node may be killed between
	// two questions.
	request.Close = true
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode/100 != 2 {
		return fmt.Errorf("its management answers %s", reply.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(reply.Body).Decode(into); err != nil {
		return fmt.Errorf("its management is not understood: %w", err)
	}
	return nil
}

// The policy that mirrors queues.
const (
	policyPath = "policies/%2F/mirrored"
	policy     = `{"pattern": ".*", "apply-to": "queues", "definition": {"ha-mode": "all", "ha-sync-mode": "automatic"}}`
)

// mirror sets the policy, if the cluster is named after mirrored queues and has
// none. Definitions that nodes load as they start would do so too, but may leave
// a node without its virtual host if two of them start at once.
func mirror(ctx context.Context, c cluster.Cluster) error {
	addr := c.Nodes()[0].Addr(managementPort)
	var overview struct {
		Name string `json:"cluster_name"`
	}
	if err := ask(ctx, addr, "overview", &overview); err != nil || overview.Name != mirrored {
		return err
	}
	if ask(ctx, addr, policyPath, nil) == nil {
		return nil
	}
	if err := call(ctx, http.MethodPut, addr, policyPath, policy, nil); err != nil {
		return fmt.Errorf("setting the policy that mirrors queues: %w", err)
	}
	return errors.New("queues were not mirrored until now")
}

// Primary is the node that has most of the queues' leaders, and the first of
// those that run while there are no queues. Of several the first counts.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	return primary(lookAt(ctx, c.Nodes()))
}

func primary(views []view) (string, error) {
	leads := map[string]int{}
	var errs []error
	most := ""
	for _, v := range views {
		errs = append(errs, v.err)
		if v.err != nil {
			continue
		}
		if most == "" {
			most = v.node
		}
		for _, q := range v.queues {
			leads[strings.TrimPrefix(q.Node, "rabbit@")]++
		}
	}
	if most == "" {
		return "", fmt.Errorf("rabbitmq: no node answers: %w", errors.Join(errs...))
	}
	for _, v := range views {
		if leads[v.node] > leads[most] {
			most = v.node
		}
	}
	return most, nil
}

// Settled waits until all nodes have been well for a while: each sees all others
// run and none cut off, each queue has a leader and all its replicas, and no
// message is out with a consumer.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	last := errors.New("nobody was asked")
	for since := time.Now(); ; {
		err := settled(lookAt(ctx, c.Nodes()))
		if err == nil {
			err = mirror(ctx, c)
		}
		switch {
		case err == nil && time.Since(since) >= steady:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("rabbitmq: %w; before that: %w", ctx.Err(), last)
		case err != nil:
			since, last = time.Now(), err
		}
		select {
		case <-ctx.Done():
		case <-time.After(askAgain):
		}
	}
}

// settled says what is still the matter.
func settled(views []view) error {
	for _, v := range views {
		if v.err != nil {
			return v.err
		}
		if len(v.nodes) != len(views) {
			return fmt.Errorf("the cluster of %s has %d nodes of %d", v.node, len(v.nodes), len(views))
		}
		for _, n := range v.nodes {
			if !n.Running || len(n.Partitions) > 0 {
				return fmt.Errorf("%s sees that %s runs: %t, and is cut off from %q", v.node, n.Name, n.Running, n.Partitions)
			}
		}
		if len(v.queues) != len(views[0].queues) {
			return fmt.Errorf("%s knows %d queues and %s %d", v.node, len(v.queues), views[0].node, len(views[0].queues))
		}
		for _, q := range v.queues {
			if err := q.settled(len(views)); err != nil {
				return fmt.Errorf("%s says of queue %s: %w", v.node, q.Name, err)
			}
		}
	}
	return nil
}

// settled says what is the matter with a queue that is to be on so many nodes.
func (q queueStatus) settled(nodes int) error {
	switch {
	case q.State != "running":
		return fmt.Errorf("it is %q", q.State)
	case q.Node == "":
		return errors.New("it has no leader")
	case q.Type == quorum && (len(q.Members) != nodes || len(q.Online) != nodes || !slices.Contains(q.Online, q.Node)):
		return fmt.Errorf("of its members %q those at %q are there, led by %s", q.Members, q.Online, q.Node)
	case q.Type != quorum && len(q.Synchronised) != nodes-1:
		return fmt.Errorf("its mirrors are at %q, and those at %q have everything", q.Mirrors, q.Synchronised)
	case q.Unacked != 0:
		return fmt.Errorf("%d messages are out with consumers", q.Unacked)
	}
	return nil
}
