package wire_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

var (
	_ wire.Protocol   = wire.MySQL{}
	_ cluster.Greeter = wire.MySQL{}
)

// my is packets of MySQL's protocol, the first of them numbered so.
func my(first byte, bodies ...string) []byte {
	var b []byte
	for i, body := range bodies {
		n := len(body)
		b = append(b, byte(n), byte(n>>8), byte(n>>16), first+byte(i))
		b = append(b, body...)
	}
	return b
}

const (
	myOK       = "\x00\x00\x00\x02\x00\x00\x00"
	myChanged  = "\x00\x01\x00\x02\x00\x00\x00"
	myInside   = "\x00\x01\x00\x03\x00\x00\x00"
	myMore     = "\x00\x01\x00\x0a\x00\x00\x00"
	myError    = "\xff\xbd\x04#40001Deadlock"
	myEOF      = "\xfe\x00\x00\x02\x00"
	myEOFMore  = "\xfe\x00\x00\x0a\x00"
	myEnd      = "\xfe\x00\x00\x02\x00\x00\x00" // in place of an EOF
	myCursor   = "\xfe\x00\x00\x42\x00"
	myColumn   = "\x03def\x00\x00\x00\x011\x00\x0c\x3f\x00\x01\x00\x00\x00\x03\x81\x00\x00\x00\x00"
	myGreeting = "\x0a5.5.5-10.11.18-MariaDB\x00"
	myPrepared = "\x00\x05\x00\x00\x00"
)

func query(text string) []byte { return my(0, "\x03"+text) }

var (
	myIntroduction = my(1, "\x8d\xa2\x2a\x00rest")
	myPrepare      = my(0, "\x16SELECT ?")
	myExecute      = my(0, "\x17\x05\x00\x00\x00")
	myFile         = my(2, "x\t1\n", "y\t2\n", "")
)

var myRequests = [][]byte{
	myIntroduction, my(3, "scramble"), my(3, ""), my(5, "more"), query("SELECT 1"), my(0, "\x01"), my(0, "\x0e"),
	myPrepare, myExecute, my(0, "\x1f"), my(0, "\xfaat once"), myFile, my(2, ""),
	slices.Concat(my(0, "\x19\x05\x00\x00\x00"), my(0, "\x18data"), query("SELECT 1")),
}

func TestMySQLRequests(t *testing.T) {
	for _, sent := range myRequests {
		n, err := wire.MySQL{}.Request(append(slices.Clone(sent), query("SELECT 2")...))
		require.NoError(t, err)
		require.Equal(t, len(sent), n, "%q", sent)
		for cut := range len(sent) {
			n, err := wire.MySQL{}.Request(sent[:cut])
			require.NoError(t, err)
			require.Zero(t, n, "%q", sent[:cut])
		}
	}
	for _, bad := range [][]byte{
		my(0, ""), my(0, "\x12log"), my(0, "\x1elog"), my(0, "\xfeseveral"), my(0, "\x20"), my(0, "\xff"), my(1, "no"),
		my(1, "\x8d\xaa\x2a\x00tls"), my(1, "\x20\x00\x00\x00"), my(1, "\x00\x00\x00\x04"),
		slices.Concat(my(0, "\x19\x05\x00\x00\x00"), my(1, "x")),
	} {
		_, err := wire.MySQL{}.Request(bad)
		require.Error(t, err, "%q", bad)
	}
}

// A packet of the greatest length goes on in the next.
func TestMySQLLongPackets(t *testing.T) {
	const longest = 1<<24 - 1
	part := strings.Repeat("x", longest)
	statement := my(0, "\x03"+part[1:], "rest")
	n, err := wire.MySQL{}.Request(append(slices.Clone(statement), "more"...))
	require.NoError(t, err)
	require.Equal(t, len(statement), n)
	n, err = wire.MySQL{}.Request(statement[:len(statement)-1])
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = wire.MySQL{}.Request(slices.Concat(my(0, "\x03"+part[1:]), my(2, "rest")))
	require.ErrorContains(t, err, "numbered 2 after one numbered 0")

	// Such a row may begin as what ends rows does.
	row := "\xfe" + part[1:]
	rows := my(1, "\x01", myColumn, row, "rest", "\x011", myEnd)
	n, err = wire.MySQL{}.Reply(append(slices.Clone(rows), "x"...), query("SELECT 1"), false)
	require.NoError(t, err)
	require.Equal(t, len(rows), n)

	var endless []byte
	for i := range 6 {
		endless = append(endless, my(byte(i), part)...)
	}
	_, err = wire.MySQL{}.Request(endless)
	require.ErrorContains(t, err, "larger than")
}

var myReplies = []struct{ request, received []byte }{
	{nil, my(0, myGreeting)},
	{nil, my(0, "\xff\x10\x04Too many connections")},
	{myIntroduction, my(2, myOK)},
	{myIntroduction, my(2, myError)},
	{myIntroduction, my(2, "\xfemysql_native_password\x00scramble")},
	{myIntroduction, my(2, "\x01\x04")},
	{myIntroduction, my(2, "\x01\x03", myOK)},
	{my(3, ""), my(4, myOK)},
	{query("SET a = 1"), my(1, myOK)},
	{query("SET a = 1"), my(1, myEOF)},
	{query("SELECT 1"), my(1, "\x01", myColumn, myEOF, "\x011", "\xfb", myEOF)},
	{query("SELECT 1"), my(1, "\x01", myColumn, "\x011", "\xfb", myEnd)},
	{query("SELECT 1"), my(1, "\x01", myColumn, myEOF, myEOF)},
	{query("SELECT 1"), my(1, "\x01", myColumn, myEnd)},
	{query("SELECT 1"), my(1, "\x01", myColumn, myEOF, "\x011", myError)},
	{query("SELECT 1"), my(1, "\x01\x01", myColumn, myEOF, "\x011", myEOF)},
	{query("SELECT 1"), my(1, myError)},
	{query("CALL p()"), my(1, "\x01", myColumn, myEOF, "\x011", myEOFMore, "\x02", myColumn, myColumn, myEOF, myEOFMore, myOK)},
	{query("UPDATE a; UPDATE b"), my(1, myMore, myError)},
	{query("LOAD DATA LOCAL"), my(1, "\xfbfile")},
	{myFile, my(5, myChanged)},
	{myExecute, my(1, "\x01", myColumn, myCursor)},
	{myExecute, my(1, "\x01", myColumn, myEOF, "\x00\x00\x01", myEOF)},
	{my(0, "\x1c\x05\x00\x00\x00\x01\x00\x00\x00"), my(1, "\x00\x00\x01", "\xfe\x00\x00\x82\x00")},
	{my(0, "\x04table\x00"), my(1, myColumn, myColumn, myEOF)},
	{my(0, "\x09"), my(1, "Uptime: 68")},
	{my(0, "\x0e"), my(1, myOK)},
	{my(0, "\x11me\x00"), my(1, "\xfemysql_native_password\x00scramble")},
	{myPrepare, my(1, myPrepared+"\x00\x00\x00\x00\x00\x00\x00")},
	{myPrepare, my(1, myPrepared+"\x01\x00\x01\x00\x00\x00\x00", myColumn, myEOF, myColumn, myEOF)},
	{myPrepare, my(1, myPrepared+"\x01\x00\x01\x00\x00\x00\x00", myColumn, myColumn)},
	{myPrepare, my(1, myError)},
}

func TestMySQLReplies(t *testing.T) {
	for _, test := range myReplies {
		n, err := wire.MySQL{}.Reply(append(slices.Clone(test.received), "\xffx"...), test.request, false)
		require.NoError(t, err, "%q", test.received)
		require.Equal(t, len(test.received), n, "%q", test.received)
		for cut := range len(test.received) {
			n, err := wire.MySQL{}.Reply(test.received[:cut], test.request, false)
			require.NoError(t, err)
			require.Zero(t, n, "%q", test.received[:cut])
		}
	}
	for _, test := range []struct{ request, received []byte }{
		{nil, my(0, "\x09old")}, {myIntroduction, my(2, "\x02")}, {[]byte("x"), my(1, myOK)},
		{query("SELECT 1"), my(1, "")}, {query("SELECT 1"), my(1, "\x00\x00")}, {query("SELECT 1"), my(1, "\x00\xfc")},
		{query("SELECT 1"), my(1, "\x01\x00")}, {query("SELECT 1"), my(1, "\xfc\x01")},
		{query("SELECT 1"), my(1, "\x01", myEOF)},
		{query("SELECT 1"), slices.Concat(my(1, "\x01"), my(3, myColumn))},
		{myPrepare, my(1, myPrepared)}, {myPrepare, my(1, "\x01")},
		{myPrepare, my(1, myPrepared+"\x01\x00\x00\x00\x00\x00\x00")},
		{myPrepare, my(1, myPrepared+"\x00\x00\x01\x00\x00\x00\x00")},
		{myPrepare, my(1, myPrepared+"\x01\x00\x01\x00\x00\x00\x00", myColumn, myEOF, myColumn, myColumn)},
	} {
		_, err := wire.MySQL{}.Reply(test.received, test.request, false)
		require.Error(t, err, "%q", test.received)
	}
}

func TestMySQLMeaning(t *testing.T) {
	m := wire.MySQL{}
	require.True(t, m.Greets())
	require.False(t, m.Repeatable(query("SELECT 1")))
	require.True(t, m.Cuttable(nil, nil))
	for _, test := range []struct {
		request []byte
		reply   []byte
		want    bool
	}{
		{query("INSERT"), my(1, myChanged), true},
		{query("INSERT"), my(1, myInside), false},
		{query("INSERT"), my(1, myError), false},
		{query("UPDATE that finds nothing"), my(1, myOK), false},
		{query("SET a = 1"), my(1, myOK), false},
		{query("COMMIT"), my(1, myOK), true},
		{query(" commit;"), my(1, myOK), true},
		{query("COMMIT AND CHAIN"), my(1, "\x00\x00\x00\x03\x00\x00\x00"), false},
		{query("COMMITTEE"), my(1, myOK), false},
		{query("COMMIT"), my(1, myError), false},
		{query("ROLLBACK"), my(1, myOK), false},
		{query("SELECT 1"), my(1, "\x01", myColumn, myEOF, "\x011", myEOF), false},
		{query("SELECT; INSERT"), my(1, "\x01", myColumn, myEOF, "\x011", myEOFMore, myChanged), true},
		{query("INSERT; SELECT"), my(1, myMore, "\x01", myColumn, "\x011", myEnd), true},
		{query("INSERT; FAIL"), my(1, myMore, myError), false},
		{myExecute, my(1, myChanged), true},
		{myFile, my(5, myChanged), true},
		{query("LOAD DATA LOCAL"), my(1, "\xfbfile"), false},
		{my(0, "\x0e"), my(1, myChanged), false},
		{myIntroduction, my(2, myChanged), false},
		{nil, my(0, myGreeting), false},
		{query("INSERT"), nil, false},
		{query("INSERT"), my(1, "\x00"), false},
	} {
		require.Equal(t, test.want, m.Acknowledged(test.request, test.reply), "%q %q", test.request, test.reply)
	}
}

// turn is what one end of a recorded connection said until the other did.
type turn struct {
	server bool
	said   []byte
}

func recorded(t testing.TB, name string) []turn {
	text, err := os.ReadFile(filepath.Join("testdata", "mysql", name))
	require.NoError(t, err)
	var turns []turn
	for line := range strings.Lines(string(text)) {
		said, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line[1:]))
		require.NoError(t, err)
		turns = append(turns, turn{line[0] == '<', said})
	}
	return turns
}

// Connections recorded between MariaDB 10.11.18 and the driver
// go-sql-driver/mysql 1.8.1, the program mariadb, and one that has agreed to go
// without EOF packets: every turn ends with the end of a message.
func TestMySQLRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		exchanges    int
		acknowledged []string
	}{
		"go-text": {14, []string{"DELETE FROM registers", "INSERT INTO registers VALUES ('x', 5) ON DUPLICATE KEY UPDATE value = VALUES(value)", "COMMIT"}},
		"go-multi": {6, []string{
			"SELECT 1; DELETE FROM registers; INSERT INTO registers VALUES ('y', 1); SELECT 2",
		}},
		"go-file":   {7, []string{"a file"}},
		"go-denied": {2, nil},
		"cli":       {9, []string{"INSERT INTO registers VALUES ('cli', 1)", "commit"}},
		"raw-without-eof": {13, []string{
			"INSERT INTO registers VALUES ('raw', 1)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked [][]byte
			var acknowledged []string
			exchanges := 0
			asked = append(asked, nil) // what the greeting answers
			for _, turn := range recorded(t, name) {
				for rest := turn.said; len(rest) > 0; {
					if !turn.server {
						n, err := wire.MySQL{}.Request(rest)
						require.NoError(t, err)
						require.NotZero(t, n, "a turn ends within a request: %q", rest)
						asked = append(asked, rest[:n])
						rest = rest[n:]
						continue
					}
					require.NotEmpty(t, asked)
					request := asked[0]
					n, err := wire.MySQL{}.Reply(rest, request, false)
					require.NoError(t, err)
					require.NotZero(t, n, "a turn ends within a reply: %q", rest)
					if (wire.MySQL{}).Acknowledged(request, rest[:n]) {
						what := "a file"
						if request[3] == 0 {
							what = string(request[5:])
						}
						acknowledged = append(acknowledged, what)
					}
					asked, rest = asked[1:], rest[n:]
					exchanges++
				}
			}
			require.Equal(t, test.exchanges, exchanges)
			require.Equal(t, test.acknowledged, acknowledged)
			require.LessOrEqual(t, len(asked), 1, "only the farewell is not answered")
		})
	}
}

// A prepared statement without columns or without parameters cannot be read, and
// neither can the rest of its connection.
func TestMySQLRecordedButNotUnderstood(t *testing.T) {
	for name, statement := range map[string]string{
		"go-prepared":        "DELETE FROM registers",
		"go-prepared-insert": "INSERT INTO registers VALUES (?, ?)",
	} {
		turns := recorded(t, name)
		at := slices.IndexFunc(turns, func(turn turn) bool { return strings.HasSuffix(string(turn.said), "\x16"+statement) })
		require.Positive(t, at, statement)
		request := turns[at].said
		n, err := wire.MySQL{}.Request(request)
		require.NoError(t, err)
		require.Equal(t, len(request), n)
		_, err = wire.MySQL{}.Reply(turns[at+1].said, request, false)
		if statement == "DELETE FROM registers" { // it has neither
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "parameters or columns alone")
	}
}

func FuzzMySQLRequest(f *testing.F) {
	for _, sent := range myRequests {
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) <= maxFuzzed {
			requireSteady(t, wire.MySQL{}.Request, sent)
		}
	})
}

func FuzzMySQLReply(f *testing.F) {
	for _, test := range myReplies {
		f.Add(test.request, test.received)
	}
	for _, name := range []string{"cli", "raw-without-eof", "go-prepared"} {
		var request []byte
		for _, turn := range recorded(f, name) {
			if turn.server {
				f.Add(request, turn.said)
			}
			request = turn.said
		}
	}
	f.Fuzz(func(t *testing.T, request, received []byte) {
		if len(received) > maxFuzzed {
			return
		}
		reply := func(b []byte) (int, error) { return wire.MySQL{}.Reply(b, request, false) }
		requireSteady(t, reply, received)
		n, err := reply(received)
		if acknowledged := (wire.MySQL{}).Acknowledged(request, received[:n]); acknowledged {
			require.NoError(t, err)
			require.NotZero(t, n)
		}
	})
}
