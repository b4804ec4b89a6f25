package wire_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

var _ wire.Protocol = wire.ZooKeeper{}

// zk is a message of ZooKeeper: numbers, texts and bytes behind their length.
func zk(parts ...any) []byte {
	b := make([]byte, 4)
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(int32(v)))
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		case string:
			b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
			b = append(b, v...)
		case bool:
			if v {
				b = append(b, 1)
			} else {
				b = append(b, 0)
			}
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

var (
	// zkHello is the first message of a session that is resumed: read as a
	// request, it would be a create.
	zkHello   = zk(0, int64(1)<<32, 4000, int64(7), "0123456789abcdef")
	zkSet     = zk(5, 5, "/k", "12", -1)
	zkGet     = zk(6, 4, "/k", false)
	zkChecks  = zk(7, 14, 13, false, -1, "/k", 3, 13, false, -1, "/l", 4, -1, true, -1)
	zkChanges = zk(8, 14, 13, false, -1, "/k", 3, 5, false, -1, "/l", "9", 4, -1, true, -1)
)

// zkReply is the header of a reply and what follows.
func zkReply(xid, err int, rest ...any) []byte {
	return zk(append([]any{xid, int64(99), err}, rest...)...)
}

func TestZooKeeperFrames(t *testing.T) {
	for _, message := range [][]byte{zkHello, zkSet, zkGet, zkChecks, zkChanges, zk(-2, 11), zkReply(5, -101), zk()} {
		for cut := range message {
			n, err := wire.ZooKeeper{}.Request(message[:cut])
			require.NoError(t, err)
			require.Zero(t, n)
			n, err = wire.ZooKeeper{}.Reply(message[:cut], zkGet, false)
			require.NoError(t, err)
			require.Zero(t, n)
		}
		n, err := wire.ZooKeeper{}.Request(append(append([]byte{}, message...), zkSet...))
		require.NoError(t, err)
		require.Equal(t, len(message), n)
		n, err = wire.ZooKeeper{}.Reply(message, zkGet, false)
		require.NoError(t, err)
		require.Equal(t, len(message), n)
	}
	for name, bad := range map[string][]byte{
		"negative length":     {0xff, 0xff, 0xff, 0xff},
		"too long":            {0x7f, 0xff, 0xff, 0xff},
		"a get with a watch":  zk(6, 4, "/k", true),
		"watches set anew":    zk(6, 101, int64(0), 0, 0, 0),
		"children with watch": zk(6, 12, "/", true),
	} {
		_, err := wire.ZooKeeper{}.Request(bad)
		require.Error(t, err, name)
	}
}

func TestZooKeeperMeaning(t *testing.T) {
	z := wire.ZooKeeper{}
	for name, test := range map[string]struct {
		request, reply []byte
		acknowledged   bool
	}{
		"a set":                     {zkSet, zkReply(5, 0), true},
		"a set that is refused":     {zkSet, zkReply(5, -103), false},
		"the reply of another":      {zkSet, zkReply(4, 0), false},
		"a reply without an end":    {zkSet, zkReply(5, 0)[:12], false},
		"a get":                     {zkGet, zkReply(6, 0, "12"), false},
		"a multi that only checks":  {zkChecks, zkReply(7, 0, 13, false, 0), false},
		"a multi that changes":      {zkChanges, zkReply(8, 0, 13, false, 0), true},
		"a multi that is refused":   {zkChanges, zkReply(8, 0, -1, false, -103), false},
		"a multi that breaks off":   {zk(8, 14, 13, false, -1), zkReply(8, 0, 13, false, 0), false},
		"a ping":                    {zk(-2, 11), zkReply(-2, 0), false},
		"the resuming of a session": {zkHello, zkReply(0, 0), false},
		"nothing":                   {nil, nil, false},
	} {
		require.Equal(t, test.acknowledged, z.Acknowledged(test.request, test.reply), name)
	}
	require.False(t, z.Repeatable(zkSet))
	require.True(t, z.Cuttable(nil, nil))
	require.Equal(t, "zookeeper", z.Name())
}

func FuzzZooKeeper(f *testing.F) {
	f.Add(append(append([]byte{}, zkHello...), zkSet...), zkReply(5, 0))
	f.Add(zkChanges, zkReply(8, 0, 13, false, 0))
	f.Fuzz(func(t *testing.T, sent, received []byte) {
		if len(sent)+len(received) > maxFuzzed {
			return
		}
		requireSteady(t, wire.ZooKeeper{}.Request, sent)
		requireSteady(t, func(b []byte) (int, error) { return wire.ZooKeeper{}.Reply(b, sent, false) }, received)
		wire.ZooKeeper{}.Acknowledged(sent, received)
	})
}
