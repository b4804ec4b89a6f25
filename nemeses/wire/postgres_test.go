package wire_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

var _ wire.Protocol = wire.Postgres{}

// pg is a message of PostgreSQL's protocol; a start-up has no type.
func pg(kind byte, body string) []byte {
	var b []byte
	if kind != 0 {
		b = append(b, kind)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)+4))
	return append(b, body...)
}

func code(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

var (
	pgStartup  = pg(0, code(3<<16)+"user\x00me\x00\x00")
	pgTLS      = pg(0, code(80877103))
	pgQuery    = pg('Q', "select 1\x00")
	pgPassword = pg('p', "secret\x00")
	pgExtended = slices.Concat(pg('P', "\x00insert\x00\x00\x00"), pg('B', "\x00\x00"), pg('D', "P\x00"), pg('E', "\x00\x00\x00\x00\x00"), pg('S', ""))
	pgReady    = pg('Z', "I")
	pgInserted = slices.Concat(pg('1', ""), pg('2', ""), pg('n', ""), pg('C', "INSERT 0 1\x00"), pgReady)
)

func TestPostgresRequests(t *testing.T) {
	for _, sent := range [][]byte{pgStartup, pgTLS, pgQuery, pgPassword, pgExtended, pg('X', "")} {
		n, err := wire.Postgres{}.Request(append(slices.Clone(sent), "Qx"...))
		require.NoError(t, err)
		require.Equal(t, len(sent), n, "%q", sent)
		for cut := range len(sent) {
			n, err := wire.Postgres{}.Request(sent[:cut])
			require.NoError(t, err)
			require.Zero(t, n, "%q", sent[:cut])
		}
	}
	for _, bad := range [][]byte{
		pg('H', ""), pg('d', "row"), pg('c', ""), pg('!', ""), []byte("Q\x00\x00\x00\x01"), []byte("Q\xff\x00\x00\x00"),
		[]byte("\x00\x00\x00\x01aaaa"), pg(0, code(2<<16)), []byte("\x00\xff\xff\xffaaaa"), slices.Concat(pg('P', ""), pg('H', "")),
	} {
		_, err := wire.Postgres{}.Request(bad)
		require.Error(t, err, "%q", bad)
	}
}

func TestPostgresReplies(t *testing.T) {
	granted := slices.Concat(pg('R', code(0)), pg('S', "a\x00b\x00"), pg('K', "12345678"), pgReady)
	for _, test := range []struct{ request, received []byte }{
		{pgStartup, granted},
		{pgStartup, pg('R', code(5)+"salt")},
		{pgStartup, pg('E', "SFATAL\x00\x00")},
		{pgPassword, slices.Concat(pg('R', code(12)+"proof"), granted)},
		{pgPassword, pg('R', code(11)+"more")},
		{pgTLS, []byte("N")},
		{pgTLS, pg('E', "SFATAL\x00\x00")},
		{pgQuery, slices.Concat(pg('T', "row"), pg('D', "1"), pg('C', "SELECT 1\x00"), pgReady)},
		{pgQuery, slices.Concat(pg('N', "notice"), pg('A', "told"), pg('E', "SERROR\x00\x00"), pgReady)},
		{pgExtended, pgInserted},
	} {
		n, err := wire.Postgres{}.Reply(append(slices.Clone(test.received), "Zx"...), test.request, false)
		require.NoError(t, err)
		require.Equal(t, len(test.received), n, "%q", test.received)
		for cut := range len(test.received) {
			n, err := wire.Postgres{}.Reply(test.received[:cut], test.request, false)
			require.NoError(t, err)
			require.Zero(t, n, "%q", test.received[:cut])
		}
	}
	for _, test := range []struct{ request, received []byte }{
		{pgTLS, []byte("S")}, {pgTLS, []byte("G")}, {pgQuery, pg('G', "")}, {pgQuery, pg('!', "")},
		{pgStartup, pg('R', "x")}, {pgQuery, []byte("Z\x00\x00\x00\x00")}, {pgQuery, []byte("D\xff\xff\xff\xff")},
	} {
		_, err := wire.Postgres{}.Reply(test.received, test.request, false)
		require.Error(t, err, "%q", test.received)
	}
}

func TestPostgresMeaning(t *testing.T) {
	p := wire.Postgres{}
	require.False(t, p.Repeatable(pgQuery))
	require.True(t, p.Cuttable(pgQuery, pgReady))
	require.True(t, p.Acknowledged(pgExtended, pgInserted))
	require.True(t, p.Acknowledged(pgQuery, slices.Concat(pg('C', "COMMIT\x00"), pgReady)))
	for _, reply := range [][]byte{
		nil, pgReady, slices.Concat(pg('C', "SELECT 1\x00"), pgReady),
		slices.Concat(pg('C', "INSERT 0 1\x00"), pg('Z', "T")),
		slices.Concat(pg('C', "INSERT 0 1\x00"), pg('E', "SERROR\x00\x00"), pgReady),
		slices.Concat(pg('C', "ROLLBACK\x00"), pgReady), pg('C', "INSERT 0 1\x00"), []byte("C\x00\x00"),
	} {
		require.False(t, p.Acknowledged(pgQuery, reply), "%q", reply)
	}
}

func FuzzPostgresRequest(f *testing.F) {
	for _, sent := range [][]byte{pgStartup, pgTLS, pgQuery, pgPassword, pgExtended} {
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) <= maxFuzzed {
			requireSteady(t, wire.Postgres{}.Request, sent)
		}
	})
}

func FuzzPostgresReply(f *testing.F) {
	f.Add(pgQuery, pgInserted)
	f.Add(pgStartup, pg('R', code(5)+"salt"))
	f.Add(pgTLS, []byte("N"))
	f.Fuzz(func(t *testing.T, request, received []byte) {
		if len(received) > maxFuzzed {
			return
		}
		requireSteady(t, func(b []byte) (int, error) { return wire.Postgres{}.Reply(b, request, false) }, received)
		wire.Postgres{}.Acknowledged(request, received)
	})
}
