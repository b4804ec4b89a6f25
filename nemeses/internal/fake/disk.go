package fake

import (
	"errors"
	"slices"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

var (
	_ cluster.Disked = (*Node)(nil)
	_ cluster.Disk   = (*Disk)(nil)
)

// Disk is a fake [cluster.Disk].
type Disk struct {
	node *Node

	mu       sync.Mutex
	rules    []*cluster.DiskRule
	losses   []cluster.PowerLoss
	flips    int
	syncs    int
	requests int64
}

// Disk is the node's disk.
func (n *Node) Disk() cluster.Disk { return n.D() }

// D returns the disk as what it is. It has served requests already.
func (n *Node) D() *Disk {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.disk == nil {
		n.disk = &Disk{node: n, requests: 1}
	}
	return n.disk
}

// Idle makes the disk one that was never asked for anything.
func (d *Disk) Idle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = 0
}

// Sync counts.
func (d *Disk) Sync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncs++
}

// Lose notes the loss. A node that is up is an error.
func (d *Disk) Lose(p cluster.PowerLoss) (cluster.Lost, error) {
	if d.node.State() != cluster.Down {
		return cluster.Lost{}, errors.New("the node is up")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.losses = append(d.losses, p)
	lost := cluster.Lost{Writes: 2, Bytes: 20, Names: 1}
	if p.Tear {
		lost.Torn = "5 of the 10 bytes written last to log"
	}
	return lost, nil
}

// Losses are the losses of power so far.
func (d *Disk) Losses() []cluster.PowerLoss {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.losses)
}

// Flip counts bits. A node that is up is an error.
func (d *Disk) Flip(bits int, _ uint64) (string, error) {
	if d.node.State() != cluster.Down {
		return "", errors.New("the node is up")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flips += bits
	return "some bits", nil
}

// Flips counts the bits flipped.
func (d *Disk) Flips() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.flips
}

// Add puts a rule on the disk.
func (d *Disk) Add(rule cluster.DiskRule) (remove func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	added := &rule
	d.rules = append(d.rules, added)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.rules = slices.DeleteFunc(d.rules, func(r *cluster.DiskRule) bool { return r == added })
	}
}

// Rules counts the rules on the disk.
func (d *Disk) Rules() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.rules)
}

// Ask asks the rules about a request, and returns what they all say.
func (d *Disk) Ask(r cluster.DiskRequest) (sum cluster.DiskAction) {
	d.mu.Lock()
	rules := slices.Clone(d.rules)
	d.mu.Unlock()
	for _, rule := range rules {
		action := (*rule).Judge(r)
		sum.Delay += action.Delay
		if sum.Err == 0 {
			sum.Err = action.Err
		}
	}
	return sum
}

// Requests is 1, or 0 if the disk is idle.
func (d *Disk) Requests() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}
