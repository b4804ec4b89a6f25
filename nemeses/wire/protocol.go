package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Protocol knows where the messages of a protocol end, and as much of their
// meaning as faults need. A link calls the [cluster.Framer] first; the other
// methods are given whole messages.
type Protocol interface {
	cluster.Framer
	// Repeatable reports whether the service promises that delivering the
	// request again does nothing more.
	Repeatable(request []byte) bool
	// Acknowledged reports whether the reply says that a request that changes
	// something succeeded.
	Acknowledged(request, reply []byte) bool
	// Cuttable reports whether a client can tell a part of the reply from the
	// whole.
	Cuttable(request, reply []byte) bool
}

// Protocols returns the protocols that are known, by name.
func Protocols() map[string]Protocol {
	known := map[string]Protocol{}
	for _, protocol := range []Protocol{HTTP1{}, RESP{}, Postgres{}, ZooKeeper{}, NATS{}, AMQP{}, MQTT{}, MySQL{}, Etcd{}} {
		known[protocol.Name()] = protocol
	}
	return known
}

// Acknowledged returns how to recognise the reply to a successful change in a
// protocol, or an error if the protocol is not known.
func Acknowledged(protocol string) (func(request, reply []byte) bool, error) {
	known, err := find(protocol)
	if err != nil {
		return nil, err
	}
	return known.Acknowledged, nil
}

func find(name string) (Protocol, error) {
	known := Protocols()
	if protocol, found := known[name]; found {
		return protocol, nil
	}
	return nil, fmt.Errorf("the messages of the protocol %q are not known, only those of %s",
		name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}
