package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// The types of MQTT's control packets.
const (
	mqttConnect     = 1
	mqttConnAck     = 2
	mqttPublish     = 3
	mqttPubAck      = 4
	mqttPubRec      = 5
	mqttPubRel      = 6
	mqttPubComp     = 7
	mqttSubscribe   = 8
	mqttSubAck      = 9
	mqttUnsubscribe = 10
	mqttUnsubAck    = 11
	mqttPingReq     = 12
	mqttPingResp    = 13
	mqttDisconnect  = 14
	mqttAuth        = 15
)

var (
	errMQTTFlags  = errors.New("a packet of MQTT with flags that it cannot have")
	errMQTTLength = errors.New("a packet of MQTT whose length does not end")
)

// MQTT frames versions 3.1.1 and 5 of the protocol
// (https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html).
//
// Each control packet is a message of its own. A packet to which the protocol
// knows an answer is a request, answered by the packet with the same identifier:
// a publish of quality 1 by PUBACK, one of quality 2 by PUBREC, and so on.
// Everything else is for neither: publishes of quality 0, what a server delivers,
// and what a client answers to that.
type MQTT struct{}

var (
	_ Protocol           = MQTT{}
	_ cluster.Correlator = MQTT{}
)

// Name returns "mqtt".
func (MQTT) Name() string { return "mqtt" }

// Request returns the length of the first packet in sent.
func (MQTT) Request(sent []byte) (int, error) {
	return mqttPacket(sent, mqttConnAck, mqttSubAck, mqttUnsubAck, mqttPingResp)
}

// Reply returns the length of the first packet in received.
func (MQTT) Reply(received, _ []byte, _ bool) (int, error) {
	return mqttPacket(received, mqttConnect, mqttSubscribe, mqttUnsubscribe, mqttPingReq)
}

// mqttPacket returns the length of the packet that b begins with, 0 if it is not
// yet whole. Packets that only the other side sends are an error.
func mqttPacket(b []byte, others ...byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	kind, flags := b[0]>>4, b[0]&0xf
	for _, other := range others {
		if kind == other {
			return 0, fmt.Errorf("a packet of MQTT of type %d, which the other side sends", kind)
		}
	}
	switch kind {
	case 0:
		return 0, errors.New("a packet of MQTT of type 0, which there is not")
	case mqttPublish:
		if mqttQuality(b) == 3 {
			return 0, errMQTTFlags
		}
	case mqttPubRel, mqttSubscribe, mqttUnsubscribe:
		if flags != 2 {
			return 0, errMQTTFlags
		}
	default:
		if flags != 0 {
			return 0, errMQTTFlags
		}
	}
	size, head, err := mqttLength(b)
	switch {
	case err != nil || head == 0:
		return 0, err
	case size > maxMessage:
		return 0, errMessageTooLarge
	case len(b) < head+size:
		return 0, nil
	}
	return head + size, nil
}

// mqttLength reads how many bytes follow the fixed header, and the length of that
// header, which is 0 if it is not yet whole.
func mqttLength(b []byte) (size, head int, err error) {
	for i := 1; i < len(b); i++ {
		size |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			return size, i + 1, nil
		}
		if i == 4 {
			return 0, 0, errMQTTLength
		}
	}
	return 0, 0, nil
}

// mqttQuality is the quality of service of a publish.
func mqttQuality(packet []byte) byte { return packet[0] >> 1 & 3 }

// mqttHead returns the type and the identifier of a whole packet; it is 0 in one
// that has none. False means that it is none.
func mqttHead(packet []byte) (kind byte, id uint16, ok bool) {
	if len(packet) == 0 {
		return 0, 0, false
	}
	_, head, err := mqttLength(packet)
	if err != nil || head == 0 {
		return 0, 0, false
	}
	kind = packet[0] >> 4
	rest := packet[head:]
	switch kind {
	case mqttConnect, mqttConnAck, mqttPingReq, mqttPingResp, mqttDisconnect, mqttAuth:
		return kind, 0, true
	case mqttPublish:
		if mqttQuality(packet) == 0 {
			return kind, 0, true
		}
		if len(rest) < 2 {
			return 0, 0, false
		}
		topic := 2 + int(binary.BigEndian.Uint16(rest))
		if len(rest) < topic {
			return 0, 0, false
		}
		rest = rest[topic:] // the identifier is behind the topic
	}
	if len(rest) < 2 {
		return 0, 0, false
	}
	return kind, binary.BigEndian.Uint16(rest), true
}
