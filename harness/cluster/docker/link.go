package docker

import (
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// peerLink is the link on which a node opens connections to another: in the
// node's pod, whatever the port.
type peerLink struct {
	from *Node
	to   string
}

var _ cluster.Link = peerLink{}

func (l peerLink) From() string { return l.from.Name() }
func (l peerLink) To() string   { return l.to }

// Addr is where the node dials: the other's own address, since its connections
// are redirected.
func (l peerLink) Addr() string { return l.from.place.Dial[l.to] }

// Add puts a rule on the link. If its agent is lost, so is the rule, and the run
// is told by [Cluster.Trouble].
func (l peerLink) Add(rule cluster.Rule) (remove func()) {
	off, err := l.from.pod.control.Add(l.to, rule)
	if err != nil {
		l.from.cluster.note(l.from.Name(), err)
		return func() {}
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			if err := off(); err != nil {
				l.from.cluster.note(l.from.Name(), err)
			}
		})
	}
}

// Reset ends every open connection with a TCP reset.
func (l peerLink) Reset() int {
	n, err := l.from.pod.control.Reset(l.to)
	if err != nil {
		l.from.cluster.note(l.from.Name(), err)
	}
	return n
}
