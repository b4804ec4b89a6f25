package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

const (
	// askTimeout bounds a question to a node, which may be paused.
	askTimeout = 300 * time.Millisecond
	// askAgain is how long to wait before the nodes are asked again.
	askAgain = 20 * time.Millisecond
)

// nodeStatus is what a node says of itself.
type nodeStatus struct {
	Role      string `json:"role"`
	Leader    string `json:"leader"`
	Term      uint64 `json:"term"`
	Applied   uint64 `json:"applied"`
	Committed uint64 `json:"committed"`
	Last      uint64 `json:"last"`
}

// status asks the node whose client address is addr.
func status(ctx context.Context, addr string) (nodeStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var s nodeStatus
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/v1/status", nil)
	if err != nil {
		return s, err
	}
	// A connection of its own, closed after use: a node may be killed between
	// two questions, and its port is not to be kept busy.
	request.Close = true
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return s, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return s, fmt.Errorf("status of %s: %s", addr, reply.Status)
	}
	if err := json.NewDecoder(reply.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("status of %s: %w", addr, err)
	}
	return s, nil
}

// statuses asks all nodes. Those that do not answer are in failed.
func statuses(ctx context.Context, c cluster.Cluster) (known map[string]nodeStatus, failed error) {
	type answer struct {
		node   string
		status nodeStatus
		err    error
	}
	nodes := c.Nodes()
	answers := make(chan answer, len(nodes))
	for _, node := range nodes {
		go func() {
			s, err := status(ctx, node.Addr("client"))
			answers <- answer{node.Name(), s, err}
		}()
	}
	known = make(map[string]nodeStatus)
	for range nodes {
		a := <-answers
		if a.err != nil {
			failed = errors.Join(failed, fmt.Errorf("node %s: %w", a.node, a.err))
			continue
		}
		known[a.node] = a.status
	}
	return known, failed
}

// Primary returns the node that leads in the highest term, or "" if none says
// that it leads.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	known, err := statuses(ctx, c)
	if len(known) == 0 {
		return "", fmt.Errorf("ledger: no node answers: %w", err)
	}
	primary, term := "", uint64(0)
	for name, s := range known {
		if s.Role == "leader" && s.Term > term {
			primary, term = name, s.Term
		}
	}
	return primary, nil
}

// Settled waits until all nodes follow one leader, nothing is under way, and
// each has applied all that any of them knows to be committed. It does not
// compare what they hold: that is left to the reads that follow, which show it
// if they have diverged.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	for {
		known, err := statuses(ctx, c)
		if err == nil {
			if err = settled(known); err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ledger: nodes have not settled: %w", errors.Join(err, ctx.Err()))
		case <-time.After(askAgain):
		}
	}
}

// settled says what the nodes still differ in.
func settled(known map[string]nodeStatus) error {
	var committed, last uint64
	leader := ""
	for name, s := range known {
		committed, last = max(committed, s.Committed), max(last, s.Last)
		if s.Role == "leader" {
			leader = name
		}
	}
	for name, s := range known {
		switch {
		case leader == "" || s.Leader != leader || s.Term != known[leader].Term:
			return fmt.Errorf("node %s follows %q in term %d, and not all follow one", name, s.Leader, s.Term)
		case s.Applied < committed:
			return fmt.Errorf("node %s has applied %d of %d committed entries", name, s.Applied, committed)
		case known[leader].Committed < last:
			return fmt.Errorf("entries up to %d are not committed yet", last)
		}
	}
	return nil
}
