package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// amqpHead and amqpEnd are what is around the payload of a frame: its type,
	// channel and size before it, and one octet behind it.
	amqpHead = 7
	amqpEnd  = 0xce
	// maxAMQPFrame bounds the payload of a frame. Servers allow 128 KiB unless
	// they are told otherwise.
	maxAMQPFrame = 1 << 20
	// amqpPreambleSize is the size of a preamble: "AMQP" and a version.
	amqpPreambleSize = 8
)

// The types of frames.
const (
	amqpMethod    = 1
	amqpHeader    = 2
	amqpBody      = 3
	amqpHeartbeat = 8
)

// amqpPreamble is what a client begins with, and what a server answers that
// speaks another version.
var amqpPreamble = []byte("AMQP")

var (
	errAMQPPreamble    = errors.New("a preamble of AMQP that is not of version 0-9-1")
	errAMQPInterleaved = errors.New("a message of AMQP with frames of others in its middle")
)

// AMQP frames version 0-9-1 of the protocol, as RabbitMQ speaks it
// (https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf).
//
// A message is a method together with the content that belongs to it, or a
// heartbeat, or the preamble. A method to which the protocol knows an answer is a
// request, and so is a publish; it is answered by that method on its channel, or
// by the end of the channel or of the connection. What answers a publish is a
// confirm (basic.ack or basic.nack), in a channel that was asked for them. One
// confirm may be for several publishes, and then answers the oldest; the others
// stay without an answer. Everything else is for neither: what a client
// acknowledges, deliveries to consumers, returned messages, heartbeats.
//
// Content whose frames come in between those of another channel is not
// understood.
type AMQP struct{}

// Name returns "amqp".
func (AMQP) Name() string { return "amqp" }

// Request returns the length of the first message in sent.
func (AMQP) Request(sent []byte) (int, error) {
	if bytes.HasPrefix(sent, amqpPreamble[:1]) {
		return amqpBegin(sent, 9)
	}
	return amqpMessage(sent)
}

// Reply returns the length of the first message in received.
func (AMQP) Reply(received, _ []byte, _ bool) (int, error) {
	if bytes.HasPrefix(received, amqpPreamble[:1]) {
		return amqpBegin(received, 0)
	}
	return amqpMessage(received)
}

// amqpBegin returns the length of a preamble, 0 if it is not yet whole. Its
// revision must be that one, if one is named.
func amqpBegin(b []byte, revision byte) (int, error) {
	if !bytes.HasPrefix(b, amqpPreamble[:min(len(b), len(amqpPreamble))]) {
		return 0, errAMQPPreamble
	}
	if len(b) < amqpPreambleSize {
		return 0, nil
	}
	if revision > 0 && !bytes.Equal(b[4:amqpPreambleSize], []byte{0, 0, revision, 1}) {
		return 0, errAMQPPreamble
	}
	return amqpPreambleSize, nil
}

// amqpFrame is a frame.
type amqpFrame struct {
	kind    byte
	channel uint16
	payload []byte
	size    int // of all of it
}

// readAMQPFrame reads the frame that b begins with. Its size is 0 if it is not
// yet whole.
func readAMQPFrame(b []byte) (amqpFrame, error) {
	if len(b) == 0 {
		return amqpFrame{}, nil
	}
	switch b[0] {
	case amqpMethod, amqpHeader, amqpBody, amqpHeartbeat:
	default:
		return amqpFrame{}, fmt.Errorf("no frame of AMQP is of type %d", b[0])
	}
	if len(b) < amqpHead {
		return amqpFrame{}, nil
	}
	size := binary.BigEndian.Uint32(b[3:])
	if size > maxAMQPFrame {
		return amqpFrame{}, fmt.Errorf("a frame of AMQP of %d bytes", size)
	}
	end := amqpHead + int(size)
	if len(b) <= end {
		return amqpFrame{}, nil
	}
	if b[end] != amqpEnd {
		return amqpFrame{}, errors.New("a frame of AMQP that does not end where it says")
	}
	return amqpFrame{kind: b[0], channel: binary.BigEndian.Uint16(b[1:]), payload: b[amqpHead:end], size: end + 1}, nil
}

// amqpMessage returns the length of the message that b begins with, 0 if it is
// not yet whole.
func amqpMessage(b []byte) (int, error) {
	first, err := readAMQPFrame(b)
	if err != nil || first.size == 0 {
		return 0, err
	}
	switch first.kind {
	case amqpHeartbeat:
		return first.size, nil
	case amqpHeader, amqpBody:
		return 0, errors.New("content of AMQP that belongs to no method")
	}
	name, ok := first.method()
	if !ok {
		return 0, errors.New("a method of AMQP without a name")
	}
	if !amqpContent[name] {
		return first.size, nil
	}
	return amqpWithContent(b, first)
}

// amqpWithContent returns the length of a method with its header and bodies.
func amqpWithContent(b []byte, first amqpFrame) (int, error) {
	at := first.size
	next := func(kind byte) (amqpFrame, error) {
		f, err := readAMQPFrame(b[at:])
		switch {
		case err != nil || f.size == 0:
			return amqpFrame{}, err
		case f.kind != kind || f.channel != first.channel:
			return amqpFrame{}, errAMQPInterleaved
		}
		at += f.size
		return f, nil
	}
	header, err := next(amqpHeader)
	if err != nil || header.size == 0 {
		return 0, err
	}
	// Class, weight, and the size of all bodies.
	if len(header.payload) < 12 {
		return 0, errors.New("a header of AMQP that is too short")
	}
	left := binary.BigEndian.Uint64(header.payload[4:])
	if left > maxMessage {
		return 0, errMessageTooLarge
	}
	for left > 0 {
		body, err := next(amqpBody)
		if err != nil || body.size == 0 {
			return 0, err
		}
		if n := uint64(len(body.payload)); n == 0 || n > left {
			return 0, errors.New("content of AMQP that is not as long as its header says")
		}
		left -= uint64(len(body.payload))
	}
	return at, nil
}
