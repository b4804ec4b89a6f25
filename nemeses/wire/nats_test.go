package wire_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

var _ wire.Protocol = wire.NATS{}

const (
	natsPut    = "HPUB queue.q1 _INBOX.a.1 27 29\r\nNATS/1.0\r\nNats-Msg-Id:7\r\n\r\n42\r\n"
	natsStored = "MSG _INBOX.a.1 1 28\r\n{\"stream\":\"queue\", \"seq\":12}\r\n"
	natsAck    = "PUB $JS.ACK.q.c.1.2.3.4.0 _INBOX.a.2 4\r\n+ACK\r\n"
	natsInfo   = "INFO {\"server_id\":\"x\",\"headers\":true}\r\n"
)

var (
	natsRequests = []string{
		"CONNECT {\"verbose\":false}\r\n", "PING\r\n", "pong\r\n", "SUB _INBOX.a.* 1\r\n", "SUB a g 2\r\n", "UNSUB 1\r\n", "UNSUB 1 5\r\n",
		"PUB a 0\r\n\r\n", "PUB a b 3\r\nx\r\n\r\n", "PUB\ta \t 1\r\nx\r\n", natsPut, natsAck, "HPUB a 10 10\r\nNATS/1.0\r\n\r\n",
	}
	natsReplies = []string{
		natsInfo, "PING\r\n", "PONG\r\n", "+OK\r\n", "-ERR 'Stale Connection'\r\n", natsStored,
		"MSG a 1 b 2\r\nhi\r\n", "HMSG _INBOX.a.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", "HMSG a 1 b 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
	}
)

func TestNATSMessages(t *testing.T) {
	reply := func(b []byte) (int, error) { return wire.NATS{}.Reply(b, nil, false) }
	for _, c := range []struct {
		frame func([]byte) (int, error)
		good  []string
		bad   []string
	}{
		{wire.NATS{}.Request, natsRequests, []string{
			"GET / HTTP/1.1\r\n", "G", "\x16\x03\x01", "INFO {}\r\n", "MSG a 1 0\r\n\r\n", "PING\n", "\n", "\r\n", "PINGS\r\n",
			"PUB a\r\n", "PUB a b c 1\r\nx\r\n", "PUB a -1\r\n", "PUB a x\r\n", "PUB a 1\r\nxyz", "PUB a 99999999\r\n",
			"PUB a 99999999999999999999\r\n", "HPUB a 5 4\r\nxxxx\r\n", "HPUB a 4\r\nxxxx\r\n", "SUB " + strings.Repeat("a", 100_000),
			"CONNECT " + strings.Repeat("a", 100_000) + "\r\n",
		}},
		{reply, natsReplies, []string{"PUB a 0\r\n\r\n", "HTTP", "MSG a 0\r\n\r\n", "HMSG a 1 1\r\nx\r\n", "+OK\n", "+NO\r\n", "MSG a 1 1\r\nxxx"}},
	} {
		for _, message := range c.good {
			n, err := c.frame([]byte(message + "PING\r\n"))
			require.NoError(t, err, message)
			require.Equal(t, len(message), n, message)
			for cut := range len(message) {
				n, err := c.frame([]byte(message[:cut]))
				require.NoError(t, err, message[:cut])
				require.Zero(t, n, message[:cut])
			}
		}
		for _, bad := range c.bad {
			_, err := c.frame([]byte(bad))
			require.Error(t, err, bad[:min(len(bad), 40)])
		}
	}
}

func TestNATSCorrelation(t *testing.T) {
	n := wire.NATS{}
	for _, request := range natsRequests {
		asks := request == natsPut || request == natsAck || request == "PUB a b 3\r\nx\r\n\r\n"
		require.Equal(t, asks, n.Asks([]byte(request)), request)
		require.Equal(t, request == natsPut, n.Answers([]byte(natsStored), []byte(request)), request)
	}
	for _, reply := range natsReplies {
		answers := strings.Contains(reply, " _INBOX.a.1 ")
		require.Equal(t, answers, n.Answers([]byte(reply), []byte(natsPut)), reply)
		require.False(t, n.Answers([]byte(reply), []byte("PUB a 0\r\n\r\n")), reply)
	}
	require.False(t, n.Answers([]byte("rubbish"), []byte(natsPut)))

	again := string(n.Again([]byte(natsPut)))
	require.Contains(t, again, natsPut)
	for rest := again; rest != ""; {
		size, err := n.Request([]byte(rest))
		require.NoError(t, err)
		require.Positive(t, size, rest)
		rest = rest[size:]
	}
	for received, want := range map[string]bool{
		"": false, natsInfo: false, natsInfo + "PONG\r\n": true, natsInfo + "+OK\r\nPONG\r\n": true, natsInfo + "PON": false,
	} {
		confirmed, err := n.Confirmed([]byte(received))
		require.NoError(t, err)
		require.Equal(t, want, confirmed, received)
	}
	for _, received := range []string{"HTTP/1.1 400\r\n", natsInfo + "-ERR 'Unknown Protocol Operation'\r\n"} {
		_, err := n.Confirmed([]byte(received))
		require.Error(t, err, received)
	}
}

func TestNATSMeaning(t *testing.T) {
	n := wire.NATS{}
	for request, want := range map[string]bool{
		natsPut: true, natsAck: false, "PUB a b 1\r\nx\r\n": false, "PING\r\n": false, "rubbish": false,
		strings.Replace(natsPut, "queue.q1", "$KV.b.k", 1):        true,
		strings.Replace(natsPut, "queue.q1", "$JS.API.x", 1):      false,
		strings.Replace(natsPut, "Nats-Msg-Id", "Nats-Msg-No", 1): false,
	} {
		require.Equal(t, want, n.Repeatable([]byte(request)), request)
	}
	answer := func(text string) string {
		return "MSG _INBOX.a.1 1 " + strconv.Itoa(len(text)) + "\r\n" + text + "\r\n"
	}
	for _, c := range []struct {
		request, reply string
		want           bool
	}{
		{natsPut, natsStored, true},
		{natsPut, answer(`{"stream":"queue","seq":12,"duplicate":true}`), true},
		{natsPut, answer(`{"error":{"code":503},"stream":"queue","seq":0}`), false},
		{natsPut, answer(`{"error":{"code":503},"stream":"queue","seq":3}`), false},
		{natsPut, answer(`hello`), false},
		{natsPut, "HMSG _INBOX.a.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", false},
		{natsPut, "PING\r\n", false},
		{natsAck, "MSG _INBOX.a.2 1 0\r\n\r\n", true},
		{natsAck, answer("no"), false},
		{"PUB $JS.API.STREAM.CREATE.x _INBOX.a.1 0\r\n\r\n", answer(`{"stream":"queue","seq":12}`), false},
		{"rubbish", natsStored, false},
	} {
		require.Equal(t, c.want, n.Acknowledged([]byte(c.request), []byte(c.reply)), c.request+c.reply)
	}
	require.True(t, n.Cuttable([]byte(natsPut), []byte(natsStored)))
	require.False(t, n.Cuttable(nil, []byte(natsInfo)))
	var framer cluster.Framer = n
	require.Equal(t, "nats", framer.Name())
}

func FuzzNATSRequest(f *testing.F) {
	for _, sent := range natsRequests {
		f.Add([]byte(sent + natsPut))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) > maxFuzzed {
			return
		}
		n := wire.NATS{}
		requireSteady(t, n.Request, sent)
		n.Asks(sent)
		n.Repeatable(sent)
		n.Acknowledged(sent, []byte(natsStored))
		n.Answers([]byte(natsStored), sent)
	})
}

func FuzzNATSReply(f *testing.F) {
	for _, received := range natsReplies {
		f.Add([]byte(received + natsStored))
	}
	f.Fuzz(func(t *testing.T, received []byte) {
		if len(received) > maxFuzzed {
			return
		}
		n := wire.NATS{}
		requireSteady(t, func(b []byte) (int, error) { return n.Reply(b, nil, false) }, received)
		n.Acknowledged([]byte(natsPut), received)
		n.Answers(received, []byte(natsPut))
		if confirmed, err := n.Confirmed(received); confirmed {
			require.NoError(t, err)
		}
	})
}
