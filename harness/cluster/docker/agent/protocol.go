package agent

import (
	"encoding/gob"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// What one end asks the other and is answered, in the order of a run.
type (
	// setup redirects connections to the peers. It is answered by done.
	setup struct {
		Node  string
		Peers []Peer
	}
	// add puts a rule on the link to a peer, remove takes it off. Both are
	// answered by done.
	add struct {
		Peer string
		Rule uint64
	}
	remove struct{ Rule uint64 }
	// reset resets the connections to a peer. It is answered by count.
	reset struct{ Peer string }
	// dial asks a rule about a new connection, judge about a message. Both are
	// answered by action.
	dial  struct{ Rule uint64 }
	judge struct {
		Rule    uint64
		Message cluster.Message
	}
	// before asks to call what an action wants called before it, and is
	// answered by done afterwards.
	before struct{ Call uint64 }

	done   struct{}
	count  struct{ Connections int }
	action struct {
		Delay                   time.Duration
		Drop, Reset, ResetAfter bool
		Keep                    int
		// Call is what to ask for with before; 0 for nothing.
		Call uint64
	}
)

// Peer is another node, and the address that it has as long as its agent runs.
type Peer struct {
	Name string
	// IP is an IPv4 address.
	IP string
}

func init() {
	for _, body := range []any{
		setup{}, add{}, remove{}, reset{}, dial{}, judge{}, before{}, done{}, count{}, action{},
	} {
		gob.Register(body)
	}
}
