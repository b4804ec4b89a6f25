package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

var _ wire.Protocol = wire.RESP{}

const (
	setCommand = "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$4\r\na\r\nb\r\n"
	getCommand = "*2\r\n$3\r\nget\r\n$1\r\nx\r\n"
)

var respReplies = []string{
	"+OK\r\n", "-ERR no\r\n", ":12\r\n", "$-1\r\n", "$0\r\n\r\n", "$5\r\nab\r\nc\r\n", "*-1\r\n", "*0\r\n",
	"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "(123456789012345678901\r\n",
	"!9\r\nERR wrong\r\n", "=6\r\ntxt:hi\r\n", "%1\r\n+a\r\n:1\r\n", "~1\r\n+a\r\n", "|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n",
}

func TestRESPRequests(t *testing.T) {
	for _, sent := range []string{setCommand, getCommand, "*1\r\n$4\r\nPING\r\n", "*1\r\n$0\r\n\r\n"} {
		n, err := wire.RESP{}.Request([]byte(sent + "*1\r\n"))
		require.NoError(t, err)
		require.Equal(t, len(sent), n, sent)
		for cut := range len(sent) {
			n, err := wire.RESP{}.Request([]byte(sent[:cut]))
			require.NoError(t, err)
			require.Zero(t, n, sent[:cut])
		}
	}
	for _, bad := range []string{
		"PING\r\n", "*0\r\n", "*-1\r\n", "*x\r\n", "*1\n", "*1\r\n+PING\r\n", "*1\r\n$-1\r\n", "*1\r\n$4\r\nPINGxx",
		"*9999999999\r\n", "*1\r\n$99999999999\r\n", "*1\r\n$7\r\nMONITOR\r\n", "*2\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n",
		"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n", "*" + strings.Repeat("1", 100_000),
	} {
		_, err := wire.RESP{}.Request([]byte(bad))
		require.Error(t, err, bad[:min(len(bad), 40)])
	}
}

func TestRESPReplies(t *testing.T) {
	for _, received := range respReplies {
		n, err := wire.RESP{}.Reply([]byte(received+"+next\r\n"), []byte(getCommand), false)
		require.NoError(t, err)
		require.Equal(t, len(received), n, received)
		for cut := range len(received) {
			n, err := wire.RESP{}.Reply([]byte(received[:cut]), []byte(getCommand), false)
			require.NoError(t, err)
			require.Zero(t, n, received[:cut])
		}
	}
	for _, bad := range []string{
		">1\r\n+x\r\n", "hello\r\n", "+OK\n", "$-2\r\n", "$1\r\nxyz", "*-2\r\n", "*99999999\r\n", ":\n",
		strings.Repeat("*1\r\n", 1000), "%-3\r\n", "$x\r\n",
	} {
		_, err := wire.RESP{}.Reply([]byte(bad), []byte(getCommand), false)
		require.Error(t, err, bad[:min(len(bad), 40)])
	}
}

func TestRESPMeaning(t *testing.T) {
	r := wire.RESP{}
	require.False(t, r.Repeatable([]byte(setCommand)))
	require.True(t, r.Acknowledged([]byte(setCommand), []byte("+OK\r\n")))
	require.False(t, r.Acknowledged([]byte(setCommand), []byte("-READONLY\r\n")))
	require.False(t, r.Acknowledged([]byte(setCommand), []byte("!3\r\nERR\r\n")))
	require.False(t, r.Acknowledged([]byte(setCommand), nil))
	require.False(t, r.Acknowledged([]byte(getCommand), []byte("$1\r\nx\r\n")))
	require.False(t, r.Acknowledged([]byte("rubbish"), []byte("+OK\r\n")))
	require.True(t, r.Cuttable(nil, nil))
	var framer cluster.Framer = r
	require.Equal(t, "resp", framer.Name())
}

func FuzzRESPRequest(f *testing.F) {
	f.Add([]byte(setCommand + getCommand))
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) > maxFuzzed {
			return
		}
		requireSteady(t, wire.RESP{}.Request, sent)
		wire.RESP{}.Acknowledged(sent, []byte("+OK\r\n"))
	})
}

func FuzzRESPReply(f *testing.F) {
	for _, received := range respReplies {
		f.Add([]byte(received))
	}
	f.Fuzz(func(t *testing.T, received []byte) {
		if len(received) > maxFuzzed {
			return
		}
		requireSteady(t, func(b []byte) (int, error) { return wire.RESP{}.Reply(b, nil, false) }, received)
		ended, endedErr := wire.RESP{}.Reply(received, nil, true)
		n, err := wire.RESP{}.Reply(received, nil, false)
		require.Equal(t, n, ended, "the end of the stream ends no value")
		require.Equal(t, err == nil, endedErr == nil)
	})
}
