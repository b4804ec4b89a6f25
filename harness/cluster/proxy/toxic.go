package proxy

import "github.com/Shopify/toxiproxy/v2/toxics"

// toxicName is the name under which Toxiproxy knows our toxic.
const toxicName = "tertium"

// toxic is the one toxic that a link ever has in each direction. It asks the
// link's rules about every message. It has no settings of its own and draws no
// random numbers, so that nothing has to change in a pipeline that runs.
type toxic struct {
	next *half // whose state is asked for next, under Link.starting
}

var _ interface {
	toxics.Toxic
	toxics.StatefulToxic
} = (*toxic)(nil)

// NewState hands Toxiproxy the state of the connection that is being started.
func (t *toxic) NewState() any {
	h := t.next
	t.next = nil
	return newFlow(h)
}

// Pipe runs one direction of a connection until it ends. It cannot be
// interrupted, which Toxiproxy does only to change a pipeline.
func (t *toxic) Pipe(stub *toxics.ToxicStub) {
	f, ok := stub.State.(*flow)
	if !ok {
		stub.Close() // a connection that the link did not start
		return
	}
	defer f.conn.link.running.Done()
	f.run(stub.Input, stub.Output)
	stub.Close()
	for range stub.Input {
		// Whoever reads the source must not be left waiting for us.
	}
}
