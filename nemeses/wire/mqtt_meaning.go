package wire

import "bytes"

// mqttAnswer is the type of packet that answers one; 0 if none does.
func mqttAnswer(request []byte) byte {
	kind, _, ok := mqttHead(request)
	if !ok {
		return 0
	}
	switch kind {
	case mqttConnect:
		return mqttConnAck
	case mqttPublish:
		switch mqttQuality(request) {
		case 1:
			return mqttPubAck
		case 2:
			return mqttPubRec
		}
	case mqttPubRec:
		return mqttPubRel
	case mqttPubRel:
		return mqttPubComp
	case mqttSubscribe:
		return mqttSubAck
	case mqttUnsubscribe:
		return mqttUnsubAck
	case mqttPingReq:
		return mqttPingResp
	}
	return 0
}

// Asks reports whether the protocol knows an answer to the packet.
func (MQTT) Asks(request []byte) bool { return mqttAnswer(request) != 0 }

// Answers reports whether it is of the type that answers the request, and has its
// identifier.
func (MQTT) Answers(reply, request []byte) bool {
	kind, id, ok := mqttHead(reply)
	if !ok || kind == 0 || kind != mqttAnswer(request) {
		return false
	}
	_, asked, _ := mqttHead(request)
	return id == asked
}

// mqttAgain is what comes before and behind a packet that is sent once more: a
// CONNECT of version 3.1.1 with a clean session and no name, and a PINGREQ.
var mqttAgain = [2][]byte{
	{mqttConnect << 4, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 0},
	{mqttPingReq << 4, 0},
}

// Again returns a conversation that sends the same packet once more.
func (MQTT) Again(request []byte) []byte {
	return bytes.Join([][]byte{mqttAgain[0], request, mqttAgain[1]}, nil)
}

// Confirmed reports whether the server has answered the PINGREQ behind the packet,
// which it does once it has read that.
func (m MQTT) Confirmed(received []byte) (bool, error) {
	for len(received) > 0 {
		n, err := m.Reply(received, nil, false)
		if err != nil || n == 0 {
			return false, err
		}
		if received[0]>>4 == mqttPingResp {
			return true, nil
		}
		received = received[n:]
	}
	return false, nil
}

// Repeatable is false: a server knows a publish again only on the connection that
// it came on.
func (MQTT) Repeatable([]byte) bool { return false }

// Acknowledged reports whether the reply says that the server has taken a publish
// on: PUBACK of one of quality 1, and of one of quality 2 PUBCOMP, which ends its
// handshake. In version 5 it may say instead that it has not.
func (m MQTT) Acknowledged(request, reply []byte) bool {
	if !m.Answers(reply, request) {
		return false
	}
	if kind := reply[0] >> 4; kind != mqttPubAck && kind != mqttPubComp {
		return false
	}
	_, head, err := mqttLength(reply)
	const reason, failure = 2, 0x80
	return err == nil && (len(reply) <= head+reason || reply[head+reason] < failure)
}

// Cuttable is true: every packet says how long it is.
func (MQTT) Cuttable(_, _ []byte) bool { return true }
