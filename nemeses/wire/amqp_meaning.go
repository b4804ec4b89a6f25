package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/tertium-dev/tertium/harness/cluster"
)

var _ cluster.Correlator = AMQP{}

// amqpName is the class and the method of a method.
type amqpName struct{ class, method uint16 }

// The methods that mean something by themselves.
var (
	amqpConnectionStart = amqpName{10, 10}
	amqpConnectionClose = amqpName{10, 50}
	amqpChannelClose    = amqpName{20, 40}
	amqpQueuePurge      = amqpName{50, 30}
	amqpQueueDelete     = amqpName{50, 40}
	amqpPublish         = amqpName{60, 40}
	amqpAck             = amqpName{60, 80}
	amqpNack            = amqpName{60, 120}
	amqpCommit          = amqpName{90, 20}
)

// amqpContent are the methods that content belongs to: publish, return, deliver
// and get-ok.
var amqpContent = map[amqpName]bool{amqpPublish: true, {60, 50}: true, {60, 60}: true, {60, 71}: true}

// amqpAnswers are the answers that each request may have, besides the end of its
// channel or connection.
var amqpAnswers = map[amqpName][]amqpName{
	{10, 11}: {{10, 20}, {10, 30}}, // start-ok: secure or tune
	{10, 21}: {{10, 20}, {10, 30}}, // secure-ok
	{10, 40}: {{10, 41}},           // open
	{10, 50}: {{10, 51}},           // close
	{10, 70}: {{10, 71}},           // update-secret

	{20, 10}: {{20, 11}}, // channel: open
	{20, 20}: {{20, 21}}, // flow
	{20, 40}: {{20, 41}}, // close

	{40, 10}: {{40, 11}}, // exchange: declare
	{40, 20}: {{40, 21}}, // delete
	{40, 30}: {{40, 31}}, // bind
	{40, 40}: {{40, 51}}, // unbind

	{50, 10}: {{50, 11}}, // queue: declare
	{50, 20}: {{50, 21}}, // bind
	{50, 30}: {{50, 31}}, // purge
	{50, 40}: {{50, 41}}, // delete
	{50, 50}: {{50, 51}}, // unbind

	{60, 10}:    {{60, 11}},           // basic: qos
	{60, 20}:    {{60, 21}},           // consume
	{60, 30}:    {{60, 31}},           // cancel
	amqpPublish: {amqpAck, amqpNack},  // in a channel with confirms
	{60, 70}:    {{60, 71}, {60, 72}}, // get: get-ok or get-empty
	{60, 110}:   {{60, 111}},          // recover
	{85, 10}:    {{85, 11}},           // confirm: select
	{90, 10}:    {{90, 11}},           // tx: select
	{90, 20}:    {{90, 21}},           // commit
	{90, 30}:    {{90, 31}},           // rollback
}

// method returns the name of a method frame.
func (f amqpFrame) method() (amqpName, bool) {
	if f.kind != amqpMethod || len(f.payload) < 4 {
		return amqpName{}, false
	}
	return amqpName{binary.BigEndian.Uint16(f.payload), binary.BigEndian.Uint16(f.payload[2:])}, true
}

// amqpRead returns the method that a message begins with, and its channel.
func amqpRead(message []byte) (name amqpName, channel uint16, ok bool) {
	f, err := readAMQPFrame(message)
	if err != nil || f.size == 0 {
		return amqpName{}, 0, false
	}
	name, ok = f.method()
	return name, f.channel, ok
}

// isAMQPPreamble reports whether a message is one.
func isAMQPPreamble(message []byte) bool { return bytes.HasPrefix(message, amqpPreamble) }

// Asks reports whether the message is one that the protocol knows an answer to. A
// method that asks for none is one all the same: it is never answered.
func (AMQP) Asks(request []byte) bool {
	if isAMQPPreamble(request) {
		return true
	}
	name, _, ok := amqpRead(request)
	return ok && amqpAnswers[name] != nil
}

// Answers reports whether the message is the answer to the request, or the end of
// what it was asked on.
func (AMQP) Answers(reply, request []byte) bool {
	if isAMQPPreamble(request) {
		name, _, ok := amqpRead(reply)
		return isAMQPPreamble(reply) || ok && (name == amqpConnectionStart || name == amqpConnectionClose)
	}
	answer, there, ok := amqpRead(reply)
	if !ok {
		return false
	}
	asked, here, ok := amqpRead(request)
	if !ok || amqpAnswers[asked] == nil {
		return false
	}
	switch {
	case answer == amqpConnectionClose:
		return true
	case here != there:
		return false
	case answer == amqpChannelClose:
		return true
	}
	return slices.Contains(amqpAnswers[asked], answer)
}

// errAMQPOnce says that nothing is delivered again.
var errAMQPOnce = errors.New("no message of AMQP is delivered twice")

// Again returns the request as it is; see Repeatable.
func (AMQP) Again(request []byte) []byte { return request }

// Confirmed is never so; see Repeatable.
func (AMQP) Confirmed([]byte) (bool, error) { return false, errAMQPOnce }

// Repeatable is false: a message that is published twice is in the queue twice.
func (AMQP) Repeatable([]byte) bool { return false }

// amqpChanges are the requests whose answer says that they changed something,
// besides publishes.
var amqpChanges = []amqpName{amqpQueuePurge, amqpQueueDelete, amqpCommit}

// Acknowledged reports whether a publish was confirmed, a transaction committed,
// or a queue emptied. Declarations mostly find what is there.
func (a AMQP) Acknowledged(request, reply []byte) bool {
	asked, _, ok := amqpRead(request)
	if !ok || !a.Answers(reply, request) {
		return false
	}
	answer, _, _ := amqpRead(reply)
	if asked == amqpPublish {
		return answer == amqpAck
	}
	return slices.Contains(amqpChanges, asked) && slices.Contains(amqpAnswers[asked], answer)
}

// Cuttable is true of answers: every frame says where it ends.
func (AMQP) Cuttable(request, _ []byte) bool { return len(request) > 0 }
