package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ZooKeeper frames the protocol of Apache ZooKeeper, as its jute definitions give
// it (zookeeper-jute/src/main/resources/zookeeper.jute): in both directions a
// message is its length in four bytes and then so many, and every request has one
// reply, in order. Only a watch's event comes without a request, so a request that
// sets a watch ends the understanding of a connection.
type ZooKeeper struct{}

// The requests that matter here, by their numbers.
const (
	zkCreate          = 1
	zkDelete          = 2
	zkExists          = 3
	zkGetData         = 4
	zkSetData         = 5
	zkSetACL          = 7
	zkGetChildren     = 8
	zkGetChildren2    = 12
	zkCheck           = 13
	zkMulti           = 14
	zkCreate2         = 15
	zkReconfig        = 16
	zkCreateContainer = 19
	zkDeleteContainer = 20
	zkCreateTTL       = 21
	zkSetWatches      = 101
	zkSetWatches2     = 105
	zkAddWatch        = 106

	// zkFailed is the type of a part of a multi that was not done.
	zkFailed = -1
)

var errWatch = errors.New("the connection has events that no request asked for: it sets a watch")

// Name returns "zookeeper".
func (ZooKeeper) Name() string { return "zookeeper" }

// Request returns the length of the first request in sent.
func (ZooKeeper) Request(sent []byte) (int, error) {
	n, err := zkFrame(sent)
	if err != nil || n == 0 {
		return 0, err
	}
	if xid, kind, ok := zkRequest(sent[:n]); ok && xid > 0 && watches(kind, sent[:n]) {
		return 0, fmt.Errorf("%w (request %d)", errWatch, kind)
	}
	return n, nil
}

// Reply returns the length of the first reply in received.
func (ZooKeeper) Reply(received, _ []byte, _ bool) (int, error) { return zkFrame(received) }

// zkFrame returns the length of the first message in b, or 0 if it is not yet
// whole.
func zkFrame(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	size := int32(binary.BigEndian.Uint32(b))
	switch {
	case size < 0:
		return 0, fmt.Errorf("a message of ZooKeeper of %d bytes", size)
	case size > maxMessage:
		return 0, errMessageTooLarge
	case len(b) < 4+int(size):
		return 0, nil
	}
	return 4 + int(size), nil
}

// zkRequest returns the number and the kind of a whole request. The first message
// of a connection has neither, and nothing else has the number 0.
func zkRequest(message []byte) (xid, kind int32, ok bool) {
	if len(message) < 12 {
		return 0, 0, false
	}
	return int32(binary.BigEndian.Uint32(message[4:])), int32(binary.BigEndian.Uint32(message[8:])), true
}

// watches reports whether a request sets a watch. Those that may have say so in
// their last byte.
func watches(kind int32, message []byte) bool {
	switch kind {
	case zkExists, zkGetData, zkGetChildren, zkGetChildren2:
		return message[len(message)-1] != 0
	case zkSetWatches, zkSetWatches2, zkAddWatch:
		return true
	}
	return false
}

// Repeatable is false: ZooKeeper promises to do a request as often as it comes.
func (ZooKeeper) Repeatable([]byte) bool { return false }

// Acknowledged reports whether the reply says that a request that changes
// something was done.
func (ZooKeeper) Acknowledged(request, reply []byte) bool {
	xid, kind, ok := zkRequest(request)
	if !ok || xid <= 0 || len(reply) < 20 ||
		int32(binary.BigEndian.Uint32(reply[4:])) != xid || binary.BigEndian.Uint32(reply[16:]) != 0 {
		return false
	}
	switch kind {
	case zkCreate, zkDelete, zkSetData, zkSetACL, zkCreate2, zkReconfig, zkCreateContainer, zkDeleteContainer, zkCreateTTL:
		return true
	case zkMulti:
		done := len(reply) >= 24 && int32(binary.BigEndian.Uint32(reply[20:])) != zkFailed
		return done && changes(request[12:])
	}
	return false
}

// changes reports whether a part of a multi does more than check a version.
func changes(parts []byte) bool {
	for len(parts) >= 9 { // a header: kind, whether it is the end, an error
		kind, end := int32(binary.BigEndian.Uint32(parts)), parts[4] != 0
		if end {
			return false
		}
		if kind != zkCheck {
			return true
		}
		parts = parts[9:]
		if len(parts) < 4 {
			return false
		}
		path := int64(int32(binary.BigEndian.Uint32(parts)))
		if path < 0 || int64(len(parts)) < 4+path+4 {
			return false
		}
		parts = parts[4+path+4:]
	}
	return false
}

// Cuttable is true: every message says how long it is.
func (ZooKeeper) Cuttable(_, _ []byte) bool { return true }
