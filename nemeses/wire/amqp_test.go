package wire_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

var _ wire.Protocol = wire.AMQP{}

const amqpGreeting = "AMQP\x00\x00\x09\x01"

func amqpFrame(kind byte, channel uint16, payload string) string {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16([]byte{kind}, channel), uint32(len(payload)))
	return string(head) + payload + "\xce"
}

// method is a method with some arguments on a channel.
func amqpMethod(channel, class, method uint16, arguments ...string) string {
	name := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, class), method)
	return amqpFrame(1, channel, string(name)+strings.Join(arguments, ""))
}

// content is a header and the bodies that it announces.
func amqpContent(channel uint16, bodies ...string) string {
	header := []byte{0, 60, 0, 0}
	header = binary.BigEndian.AppendUint64(header, uint64(len(strings.Join(bodies, ""))))
	text := amqpFrame(2, channel, string(header)+"\x00\x00")
	for _, body := range bodies {
		text += amqpFrame(3, channel, body)
	}
	return text
}

var (
	amqpHeartbeat = amqpFrame(8, 0, "")
	amqpPublish   = amqpMethod(1, 60, 40, "\x00\x00\x00\x02q0\x00") + amqpContent(1, "42")
	amqpConfirm   = amqpMethod(1, 60, 80, "\x00\x00\x00\x00\x00\x00\x00\x01\x00")
	amqpRefusal   = amqpMethod(1, 60, 120, "\x00\x00\x00\x00\x00\x00\x00\x01\x00")
	amqpReturn    = amqpMethod(1, 60, 50, "no") + amqpContent(1, "42")
	amqpGet       = amqpMethod(1, 60, 70, "\x00\x00\x02q0\x00")
	amqpGetOK     = amqpMethod(1, 60, 71, "tag") + amqpContent(1, "4", "2")
	amqpGetEmpty  = amqpMethod(1, 60, 72, "\x00")
	amqpDeliver   = amqpMethod(1, 60, 60, "tag") + amqpContent(1)
	amqpDeclare   = amqpMethod(1, 50, 10, "q0")
	amqpDeclared  = amqpMethod(1, 50, 11, "q0")
	amqpTuneOK    = amqpMethod(0, 10, 31)
	amqpStart     = amqpMethod(0, 10, 10, "\x00\x09")
	amqpBye       = amqpMethod(0, 10, 50, "because")
	amqpChanBye   = amqpMethod(1, 20, 40, "because")
	amqpDelete    = amqpMethod(1, 50, 40)
	amqpDeleted   = amqpMethod(1, 50, 41)

	amqpRequests = []string{
		amqpGreeting, amqpPublish, amqpGet, amqpDeclare, amqpDelete, amqpBye,
		amqpMethod(0, 10, 11), amqpMethod(1, 90, 20), amqpMethod(7, 20, 10),
	}
	amqpNotes   = []string{amqpHeartbeat, amqpTuneOK, amqpConfirm, amqpMethod(0, 10, 51), amqpMethod(1, 60, 90), amqpMethod(1, 20, 41)}
	amqpReplies = []string{
		amqpStart, amqpConfirm, amqpRefusal, amqpReturn, amqpGetOK, amqpGetEmpty, amqpDeliver, amqpDeclared, amqpBye, amqpChanBye,
		amqpHeartbeat, amqpDeleted, "AMQP\x00\x00\x09\x01", "AMQP\x01\x01\x00\x0a",
	}
)

func TestAMQPMessages(t *testing.T) {
	reply := func(b []byte) (int, error) { return wire.AMQP{}.Reply(b, nil, false) }
	rubbish := []string{
		"GET / HTTP/1.1\r\n", "\x16\x03\x01", "AMQX\x00\x00\x09\x01", "\x04" + amqpHeartbeat[1:],
		amqpContent(1, "x"), amqpFrame(3, 1, "x"), amqpFrame(1, 1, "abc"),
		strings.Replace(amqpDeclare, "\xce", "\xcd", 1), "\x01\x00\x01\xff\xff\xff\xff", "\x01\x00\x01\x00\x10\x00\x01",
		amqpMethod(1, 60, 40) + amqpContent(2, "x"), amqpMethod(1, 60, 40) + amqpHeartbeat, amqpMethod(1, 60, 40) + amqpFrame(2, 1, "short"),
		amqpMethod(1, 60, 40) + amqpFrame(2, 1, "\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00") + amqpFrame(3, 1, "xy"),
		amqpMethod(1, 60, 40) + amqpFrame(2, 1, "\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00") + amqpFrame(3, 1, ""),
		amqpMethod(1, 60, 40) + amqpFrame(2, 1, "\x00\x3c\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00"),
	}
	for _, c := range []struct {
		frame     func([]byte) (int, error)
		good, bad []string
	}{
		{wire.AMQP{}.Request, append(amqpNotes, amqpRequests...), append([]string{"AMQP\x01\x01\x00\x0a"}, rubbish...)},
		{reply, amqpReplies, rubbish},
	} {
		for _, message := range c.good {
			n, err := c.frame([]byte(message + amqpPublish))
			require.NoError(t, err, "%q", message)
			require.Equal(t, len(message), n, "%q", message)
			for cut := range len(message) {
				n, err := c.frame([]byte(message[:cut]))
				require.NoError(t, err, "%q", message[:cut])
				require.Zero(t, n, "%q", message[:cut])
			}
		}
		for _, bad := range c.bad {
			_, err := c.frame([]byte(bad))
			require.Error(t, err, "%q", bad)
		}
	}
}

func TestAMQPCorrelation(t *testing.T) {
	a := wire.AMQP{}
	for _, request := range amqpRequests {
		require.True(t, a.Asks([]byte(request)), "%q", request)
	}
	for _, note := range append(amqpNotes, "", "rubbish") {
		require.False(t, a.Asks([]byte(note)), "%q", note)
		require.False(t, a.Answers([]byte(amqpBye), []byte(note)), "%q", note)
	}
	answers := map[string][]string{
		amqpGreeting: {amqpStart, amqpBye, "AMQP\x00\x00\x09\x01", "AMQP\x01\x01\x00\x0a"},
		amqpPublish:  {amqpConfirm, amqpRefusal, amqpBye, amqpChanBye},
		amqpGet:      {amqpGetOK, amqpGetEmpty, amqpBye, amqpChanBye},
		amqpDeclare:  {amqpDeclared, amqpBye, amqpChanBye},
		amqpDelete:   {amqpDeleted, amqpBye, amqpChanBye},
	}
	for request, want := range answers {
		var got []string
		for _, reply := range amqpReplies {
			if a.Answers([]byte(reply), []byte(request)) {
				got = append(got, reply)
			}
		}
		require.ElementsMatch(t, want, got, "%q", request)
	}
	require.False(t, a.Answers([]byte(amqpMethod(2, 60, 80)), []byte(amqpPublish)), "on another channel")
	require.False(t, a.Answers([]byte(amqpMethod(2, 20, 40)), []byte(amqpPublish)), "on another channel")
	confirmed, err := a.Confirmed([]byte(amqpConfirm))
	require.False(t, confirmed)
	require.Error(t, err)
	require.Equal(t, amqpPublish, string(a.Again([]byte(amqpPublish))))
}

func TestAMQPMeaning(t *testing.T) {
	a := wire.AMQP{}
	require.Equal(t, "amqp", a.Name())
	for _, c := range []struct {
		request, reply string
		want           bool
	}{
		{amqpPublish, amqpConfirm, true},
		{amqpPublish, amqpRefusal, false},
		{amqpPublish, amqpBye, false},
		{amqpPublish, amqpChanBye, false},
		{amqpGet, amqpGetOK, false},
		{amqpDeclare, amqpDeclared, false},
		{amqpDelete, amqpDeleted, true},
		{amqpDelete, amqpChanBye, false},
		{amqpMethod(1, 90, 20), amqpMethod(1, 90, 21), true},
		{amqpGreeting, amqpStart, false},
		{"rubbish", amqpConfirm, false},
		{amqpPublish, "rubbish", false},
	} {
		require.Equal(t, c.want, a.Acknowledged([]byte(c.request), []byte(c.reply)), "%q %q", c.request, c.reply)
		require.False(t, a.Repeatable([]byte(c.request)))
	}
	require.True(t, a.Cuttable([]byte(amqpPublish), []byte(amqpConfirm)))
	require.False(t, a.Cuttable(nil, []byte(amqpDeliver)))
}

func FuzzAMQPRequest(f *testing.F) {
	for _, sent := range append(amqpNotes, amqpRequests...) {
		f.Add([]byte(sent + amqpPublish))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) > maxFuzzed {
			return
		}
		a := wire.AMQP{}
		requireSteady(t, a.Request, sent)
		a.Acknowledged(sent, []byte(amqpConfirm))
		require.False(t, a.Answers([]byte(amqpBye), sent) && !a.Asks(sent))
	})
}

func FuzzAMQPReply(f *testing.F) {
	for _, received := range amqpReplies {
		f.Add([]byte(received + amqpConfirm))
	}
	f.Fuzz(func(t *testing.T, received []byte) {
		if len(received) > maxFuzzed {
			return
		}
		a := wire.AMQP{}
		requireSteady(t, func(b []byte) (int, error) { return a.Reply(b, nil, false) }, received)
		a.Acknowledged([]byte(amqpPublish), received)
		a.Answers(received, []byte(amqpGet))
	})
}
