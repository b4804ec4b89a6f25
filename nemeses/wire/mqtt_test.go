package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

// mqtt is a packet: its first byte, and what follows behind the length.
func mqtt(first byte, rest ...byte) []byte {
	packet := []byte{first}
	for size := len(rest); ; {
		b := byte(size & 0x7f)
		if size >>= 7; size > 0 {
			b |= 0x80
		}
		packet = append(packet, b)
		if size == 0 {
			return append(packet, rest...)
		}
	}
}

// publish is a PUBLISH of that quality on topic "q", with identifier 7.
func publish(quality byte, payload string) []byte {
	rest := []byte{0, 1, 'q'}
	if quality > 0 {
		rest = append(rest, 0, 7)
	}
	return mqtt(3<<4|quality<<1, append(rest, payload...)...)
}

var (
	mqttHello = mqtt(1<<4, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 0)
	mqttSubs  = mqtt(8<<4|2, 0, 9, 0, 1, 'q', 1)
	mqttBig   = publish(1, string(bytes.Repeat([]byte("x"), 20_000)))

	mqttRequests = [][]byte{
		mqttHello, publish(0, "a"), publish(1, "b"), publish(2, ""), mqttBig, mqtt(4<<4, 0, 7), mqtt(5<<4, 0, 7),
		mqtt(6<<4|2, 0, 7), mqtt(7<<4, 0, 7), mqttSubs, mqtt(10<<4|2, 0, 9, 0, 1, 'q'), mqtt(12 << 4), mqtt(14 << 4), mqtt(15 << 4),
	}
	mqttReplies = [][]byte{
		mqtt(2<<4, 0, 0), publish(0, "a"), publish(1, "b"), mqttBig, mqtt(4<<4, 0, 7), mqtt(4<<4, 0, 7, 0x10, 0), mqtt(5<<4, 0, 7),
		mqtt(6<<4|2, 0, 7), mqtt(7<<4, 0, 7), mqtt(9<<4, 0, 9, 1), mqtt(11<<4, 0, 9), mqtt(13 << 4), mqtt(14<<4, 0x8b),
	}
)

func TestMQTTPackets(t *testing.T) {
	reply := func(b []byte) (int, error) { return wire.MQTT{}.Reply(b, nil, false) }
	for _, c := range []struct {
		frame func([]byte) (int, error)
		good  [][]byte
		bad   [][]byte
	}{
		{wire.MQTT{}.Request, mqttRequests, [][]byte{mqtt(2<<4, 0, 0), mqtt(9<<4, 0, 1), mqtt(13 << 4), []byte("GET / HTTP/1.1"), {0}}},
		{reply, mqttReplies, [][]byte{mqttHello, mqttSubs, mqtt(12 << 4), []byte("HTTP/1.1 400"), {0}}},
	} {
		bad := append(c.bad, []byte{3<<4 | 6}, []byte{4<<4 | 1}, []byte{6 << 4}, []byte{3 << 4, 0xff, 0xff, 0xff, 0xff}, []byte{3 << 4, 0xff, 0xff, 0xff, 0x7f})
		for _, packet := range c.good {
			n, err := c.frame(append(bytes.Clone(packet), packet...))
			require.NoError(t, err)
			require.Equal(t, len(packet), n)
			for cut := range min(len(packet), 40) {
				n, err := c.frame(packet[:cut])
				require.NoError(t, err)
				require.Zero(t, n)
			}
		}
		for _, packet := range bad {
			_, err := c.frame(packet)
			require.Error(t, err, "%v", packet)
		}
	}
}

func TestMQTTAnswers(t *testing.T) {
	m := wire.MQTT{}
	for name, test := range map[string]struct {
		request, reply []byte
		acknowledged   bool
	}{
		"connect":         {mqttHello, mqtt(2<<4, 0, 0), false},
		"publish 1":       {publish(1, "b"), mqtt(4<<4, 0, 7), true},
		"publish 1, v5":   {publish(1, "b"), mqtt(4<<4, 0, 7, 0x10), true},
		"publish refused": {publish(1, "b"), mqtt(4<<4, 0, 7, 0x97), false},
		"publish 2":       {publish(2, "b"), mqtt(5<<4, 0, 7), false},
		"its release":     {mqtt(6<<4|2, 0, 7), mqtt(7<<4, 0, 7), true},
		"received":        {mqtt(5<<4, 0, 7), mqtt(6<<4|2, 0, 7), false},
		"subscribe":       {mqttSubs, mqtt(9<<4, 0, 9, 1), false},
		"unsubscribe":     {mqtt(10<<4|2, 0, 9, 0, 1, 'q'), mqtt(11<<4, 0, 9), false},
		"ping":            {mqtt(12 << 4), mqtt(13 << 4), false},
	} {
		require.True(t, m.Asks(test.request), name)
		require.True(t, m.Answers(test.reply, test.request), name)
		require.Equal(t, test.acknowledged, m.Acknowledged(test.request, test.reply), name)
		require.False(t, m.Answers(mqtt(4<<4, 0, 8), test.request), name)
		require.False(t, m.Answers(publish(1, "b"), test.request), name)
	}
	for _, request := range [][]byte{publish(0, "a"), mqtt(4<<4, 0, 7), mqtt(7<<4, 0, 7), mqtt(14 << 4), nil, {3<<4 | 2, 1, 0}} {
		require.False(t, m.Asks(request), "%v", request)
		require.False(t, m.Answers(mqtt(4<<4, 0, 7), request), "%v", request)
	}
	require.False(t, m.Repeatable(publish(2, "b")))
	require.True(t, m.Cuttable(nil, nil))
	require.Equal(t, "mqtt", m.Name())
}

func TestMQTTAgain(t *testing.T) {
	m := wire.MQTT{}
	again := m.Again(publish(1, "b"))
	count := 0
	for len(again) > 0 {
		n, err := m.Request(again)
		require.NoError(t, err)
		require.Positive(t, n)
		again = again[n:]
		count++
	}
	require.Equal(t, 3, count)
	for received, want := range map[string]bool{
		"": false, string(mqtt(2<<4, 0, 0)): false, string(mqtt(2<<4, 0, 0)) + string(mqtt(4<<4, 0, 7)) + string(mqtt(13<<4)): true,
	} {
		got, err := m.Confirmed([]byte(received))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := m.Confirmed([]byte("HTTP/1.1"))
	require.Error(t, err)
}

func FuzzMQTT(f *testing.F) {
	for i, request := range mqttRequests {
		f.Add(request, mqttReplies[i%len(mqttReplies)])
	}
	f.Fuzz(func(t *testing.T, sent, received []byte) {
		if len(sent)+len(received) > maxFuzzed {
			return
		}
		m := wire.MQTT{}
		requireSteady(t, m.Request, sent)
		requireSteady(t, func(b []byte) (int, error) { return m.Reply(b, nil, false) }, received)
		if m.Acknowledged(sent, received) {
			require.True(t, m.Asks(sent))
			require.True(t, m.Answers(received, sent))
		}
		_, _ = m.Confirmed(received)
	})
}
