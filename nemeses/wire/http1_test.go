package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

var _ cluster.Framer = wire.HTTP1{}

// tail follows a message in tests of where it ends.
const tail = "GET /next HTTP/1.1\r\n\r\n"

func TestRequestEnds(t *testing.T) {
	for name, message := range map[string]string{
		"no body":                   "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"no fields":                 "GET / HTTP/1.1\r\n\r\n",
		"old":                       "GET / HTTP/1.0\r\n\r\n",
		"whole address":             "GET http://x/a?b=c HTTP/1.1\r\nHost: x\r\n\r\n",
		"method of its own":         "M-SEARCH * HTTP/1.1\r\n\r\n",
		"empty lines before":        "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"sized":                     "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
		"sized, names in any case":  "POST / HTTP/1.1\r\ncOnTeNt-LeNgTh: \t 3 \r\n\r\nabc",
		"sized, nothing":            "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		"sized, twice the same":     "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3, 3\r\n\r\nabc",
		"body that looks like more": "POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"chunked":                   "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"chunked, nothing":          "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
		"chunked, coded before":     "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
		"chunked, two lines":        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
		"chunked, extensions":       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n00A ; a=\"b\"\r\n0123456789\r\n000;x\r\n\r\n",
		"chunked, trailer":          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n",
		"chunked, end in content":   "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			n, err := wire.HTTP1{}.Request([]byte(message + tail))
			require.NoError(t, err)
			require.Equal(t, len(message), n)
			requireSteady(t, requestFramer, []byte(message+tail))
		})
	}
}

func TestReplyEnds(t *testing.T) {
	get, head := "GET / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n"
	for name, test := range map[string]struct{ request, message string }{
		"sized":                  {get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"no reason":              {get, "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"},
		"nobody asked":           {"", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\nno"},
		"chunked with trailer":   {get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n"},
		"no content":             {get, "HTTP/1.1 204 No Content\r\n\r\n"},
		"no content, whose size": {get, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"},
		"not modified":           {get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
		"to HEAD":                {head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
		"to HEAD, chunked":       {head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"to HEAD, endless":       {"\r\n" + head, "HTTP/1.1 200 OK\r\n\r\n"},
		"interim":                {get, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"old":                    {get, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"old in name only":       {get, "HTTP/1.1 200 not HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		"refused tunnel":         {"CONNECT x:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, ended := range []bool{false, true} {
				n, err := wire.HTTP1{}.Reply([]byte(test.message+tail), []byte(test.request), ended)
				require.NoError(t, err)
				require.Equal(t, len(test.message), n)
			}
			requireSteady(t, replyFramer(test.request), []byte(test.message+tail))
		})
	}
}

func TestReplyUntilClose(t *testing.T) {
	for name, reply := range map[string]string{
		"no length":     "HTTP/1.1 200 OK\r\n\r\nall that comes",
		"nothing":       "HTTP/1.1 200 OK\r\n\r\n",
		"other coding":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nall that comes",
		"after interim": "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 500 Oh\r\n\r\nall that comes",
	} {
		t.Run(name, func(t *testing.T) {
			n, err := wire.HTTP1{}.Reply([]byte(reply), nil, false)
			require.NoError(t, err)
			require.Zero(t, n)
			n, err = wire.HTTP1{}.Reply([]byte(reply), nil, true)
			require.NoError(t, err)
			require.Equal(t, len(reply), n)
		})
	}
}

func TestCutOffReplyIsNotWhole(t *testing.T) {
	for _, reply := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"",
	} {
		n, err := wire.HTTP1{}.Reply([]byte(reply), nil, true)
		require.NoError(t, err)
		require.Zero(t, n, reply)
	}
}

func TestRequestRefused(t *testing.T) {
	chunked := "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, test := range map[string]struct{ message, want string }{
		"another protocol":       {"\x16\x03\x01", "does not begin an HTTP/1.1 request"},
		"HTTP/2":                 {"PRI * HTTP/2.0\r\n", "not the first line"},
		"no version":             {"GET /\r\n", "not the first line"},
		"no target":              {"GET  HTTP/1.1\r\n", "not the first line"},
		"space in the target":    {"GET /a b HTTP/1.1\r\n", "not the first line"},
		"LF alone":               {"GET / HTTP/1.1\n", "a CR or LF alone"},
		"LF alone, first":        {"GET / HTTP/1.1\r\n\n", "a CR or LF alone"},
		"CR alone":               {"GET / HTTP/1.1\rHost: x", "a CR without LF"},
		"CR in a value":          {"GET / HTTP/1.1\r\nA: b\rc\r\n", "a CR or LF alone"},
		"two CRs":                {"GET / HTTP/1.1\r\nA: b\r\r\n", "a CR or LF alone"},
		"folded field":           {"GET / HTTP/1.1\r\nA: b\r\n c\r\n", "not a field"},
		"space before the colon": {"GET / HTTP/1.1\r\nContent-Length : 3\r\n", "not a field"},
		"no colon":               {"GET / HTTP/1.1\r\nHost\r\n", "not a field"},
		"zero byte":              {"GET / HTTP/1.1\r\nA: \x00\r\n", "a zero byte"},
		"two lengths":            {"GET / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "different Content-Lengths"},
		"two lengths in one":     {"GET / HTTP/1.1\r\nContent-Length: 3, 4\r\n\r\n", "different Content-Lengths"},
		"signed length":          {"GET / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", "invalid syntax"},
		"length of nothing":      {"GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", "invalid syntax"},
		"length past all":        {"GET / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n", "out of range"},
		"length past the limit":  {"GET / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n", "larger than 67108864 bytes"},
		"length and coding":      {"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "both"},
		"coded without end":      {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "nothing tells the end"},
		"chunked twice":          {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "not the last"},
		"chunked first":          {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "not the last"},
		"no coding":              {"POST / HTTP/1.1\r\nTransfer-Encoding: \r\n\r\n", "not known"},
		"coding in HTTP/1.0":     {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "in HTTP/1.0"},
		"chunk of no size":       {chunked + ";a\r\n", "size of a chunk"},
		"chunk of sign":          {chunked + "-1\r\n", "size of a chunk"},
		"chunk of 0x":            {chunked + "0x1\r\n", "size of a chunk"},
		"huge chunk":             {chunked + "7fffffffffffffff\r\n", "larger than 67108864 bytes"},
		"chunk beyond all":       {chunked + "ffffffffffffffff\r\n", "out of range"},
		"chunk longer than said": {chunked + "1\r\nabc\r\n", "a chunk of 1 bytes ends with"},
		"chunk with LF":          {chunked + "1\na\n", "a CR or LF alone"},
		"bad trailer":            {chunked + "0\r\nnot a field\r\n", "not a field"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := wire.HTTP1{}.Request([]byte(test.message))
			require.ErrorContains(t, err, test.want)
			require.Zero(t, n)
			requireSteady(t, requestFramer, []byte(test.message+tail))
		})
	}
}

func TestReplyRefused(t *testing.T) {
	for name, test := range map[string]struct{ request, message, want string }{
		"another protocol":   {"", "220 smtp ready\r\n", "not the first line"},
		"at the first byte":  {"", "S", "does not begin an HTTP/1.1 reply"},
		"HTTP/2":             {"", "HTTP/2 200\r\n", "not the first line"},
		"HTTP/1.2":           {"", "HTTP/1.2 200 OK\r\n", "not the first line"},
		"short status":       {"", "HTTP/1.1 20 OK\r\n", "not the first line"},
		"status of letters":  {"", "HTTP/1.1 2O0 OK\r\n", "not the first line"},
		"status of zero":     {"", "HTTP/1.1 099 OK\r\n", "not the first line"},
		"switched protocol":  {"", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "another protocol"},
		"tunnel":             {"CONNECT x:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "another protocol"},
		"length and coding":  {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", "both"},
		"coding in HTTP/1.0": {"", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "in HTTP/1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := wire.HTTP1{}.Reply([]byte(test.message), []byte(test.request), false)
			require.ErrorContains(t, err, test.want)
			require.Zero(t, n)
			requireSteady(t, replyFramer(test.request), []byte(test.message+tail))
		})
	}
}

func TestLimits(t *testing.T) {
	const head, chunked = "GET / HTTP/1.1\r\nA: ", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	field := strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 1<<10+50)
	fit := head + strings.Repeat("a", 1<<20-len(head)-4) + "\r\n\r\n"
	n, err := wire.HTTP1{}.Request([]byte(fit))
	require.NoError(t, err)
	require.Equal(t, 1<<20, n, "a header of just 1 MiB")
	for name, sent := range map[string]string{
		"header, whole":   head + strings.Repeat("a", 1<<20-len(head)-3) + "\r\n\r\n",
		"header, growing": head + strings.Repeat("a", 1<<20),
		"header of lines": "GET / HTTP/1.1\r\n" + field,
		"empty lines":     strings.Repeat("\r\n", 1<<19+1),
		"trailer":         chunked + "0\r\n" + field,
		"chunk line":      chunked + "1;" + strings.Repeat("a", 4096),
		"chunks":          chunked + strings.Repeat("100000\r\n"+strings.Repeat("a", 1<<20)+"\r\n", 64),
	} {
		n, err := wire.HTTP1{}.Request([]byte(sent))
		require.Error(t, err, name)
		require.Zero(t, n, name)
	}
	for name, received := range map[string]string{
		"interim replies": strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1<<16),
		"until close":     "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("a", 64<<20),
	} {
		n, err := wire.HTTP1{}.Reply([]byte(received), nil, true)
		require.Error(t, err, name)
		require.Zero(t, n, name)
	}
}

func TestMeaning(t *testing.T) {
	const ok, created, none = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 Created\r\n\r\n", ""
	http := wire.HTTP1{}
	for request, want := range map[string]bool{
		"POST / HTTP/1.1\r\nIdempotency-Key: \"a\"\r\n\r\n":       true,
		"\r\nPOST / HTTP/1.1\r\nIDEMPOTENCY-KEY:a\r\n\r\n":        true,
		"POST / HTTP/1.1\r\nIdempotency-Key: \r\n\r\n":            false,
		"POST / HTTP/1.1\r\nX-Idempotency-Key: a\r\n\r\n":         false,
		"POST / HTTP/1.1\r\n\r\nIdempotency-Key: a\r\n\r\n":       false,
		"POST /Idempotency-Key HTTP/1.1\r\nA: Idempotency-Key:\r": false,
		none: false,
	} {
		require.Equal(t, want, http.Repeatable([]byte(request)), request)
	}
	for _, test := range []struct {
		request, reply string
		want           bool
	}{
		{"POST / HTTP/1.1\r\n\r\n", ok, true},
		{"PUT / HTTP/1.1\r\n\r\n", created, true},
		{"DELETE / HTTP/1.1\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", true},
		{"GET / HTTP/1.1\r\n\r\n", ok, false},
		{"HEAD / HTTP/1.1\r\n\r\n", ok, false},
		{none, ok, false},
		{"POST / HTTP/1.1\r\n\r\n", none, false},
		{"POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", false},
		{"POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 303 See Other\r\n\r\n", false},
		{"POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 409 Conflict\r\n\r\n", false},
		{"POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 503 Oh\r\n\r\n", false},
	} {
		require.Equal(t, test.want, http.Acknowledged([]byte(test.request), []byte(test.reply)), "%q %q", test.request, test.reply)
	}
	for reply, want := range map[string]bool{
		ok: true,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": true,
		"HTTP/1.1 204 No Content\r\n\r\n":                                true,
		"HTTP/1.1 200 OK\r\n\r\nall that comes":                          false,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n":             false,
		none: false,
	} {
		require.Equal(t, want, http.Cuttable([]byte("GET / HTTP/1.1\r\n\r\n"), []byte(reply)), reply)
	}
}

// requestFramer and replyFramer give both directions the same form.
func requestFramer(b []byte) (int, error) { return wire.HTTP1{}.Request(b) }

func replyFramer(request string) func([]byte) (int, error) {
	return func(b []byte) (int, error) { return wire.HTTP1{}.Reply(b, []byte(request), false) }
}

// requireSteady feeds a stream byte by byte. Once there is an answer it is that
// of the whole, and there is one as soon as the message is whole.
func requireSteady(t require.TestingT, frame func([]byte) (int, error), b []byte) {
	n, err := frame(b)
	require.LessOrEqual(t, n, len(b))
	require.GreaterOrEqual(t, n, 0)
	if err != nil {
		require.Zero(t, n)
	}
	for i := range b {
		early, earlyErr := frame(b[:i])
		switch {
		case earlyErr != nil:
			require.Error(t, err, "refused after %d bytes but not in the end", i)
			require.Zero(t, early)
		case early > 0:
			require.NoError(t, err)
			require.Equal(t, n, early, "found after %d bytes", i)
			require.LessOrEqual(t, n, i)
		case err == nil && n > 0:
			require.Less(t, i, n, "whole after %d bytes but not found", n)
		}
	}
}
