package wire_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

// content draws a body that likes to look like the end of a message.
func content(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{
		"a", "\r\n", "\r", "\n", "0\r\n\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 1\r\n", "\x00", "é",
	}), 0, 20)
	return strings.Join(parts.Draw(t, "body"), "")
}

func header(t *rapid.T) http.Header {
	h := http.Header{}
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		h.Add(
			rapid.StringMatching(`X-[a-zA-Z0-9]{1,8}`).Draw(t, "name"),
			rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "value"),
		)
	}
	return h
}

// trailer is sent by net/http only behind chunks.
func trailer(t *rapid.T) http.Header {
	if rapid.Bool().Draw(t, "trailer") {
		return http.Header{"Checksum": {"abc"}}
	}
	return nil
}

func drawnRequest(t *rapid.T) *http.Request {
	method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}).Draw(t, "method")
	body := content(t)
	request, err := http.NewRequest(method, "http://x/a?b=c", strings.NewReader(body))
	require.NoError(t, err)
	request.Header = header(t)
	if rapid.Bool().Draw(t, "chunked") {
		request.ContentLength = -1
		request.Trailer = trailer(t)
		request.TransferEncoding = []string{"chunked"}
	}
	return request
}

func drawnReply(t *rapid.T, request *http.Request) *http.Response {
	body := content(t)
	reply := &http.Response{
		StatusCode: rapid.SampledFrom([]int{200, 201, 204, 304, 404, 409, 500}).Draw(t, "status"),
		ProtoMajor: 1, ProtoMinor: 1, Request: request, Header: header(t),
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	switch coding := rapid.IntRange(0, 2).Draw(t, "coding"); {
	case reply.StatusCode == 204 || reply.StatusCode == 304:
		// net/http would write a body here that must not be there.
		reply.Body, reply.ContentLength = http.NoBody, 0
	case coding == 0:
		reply.ContentLength = -1
		reply.TransferEncoding = []string{"chunked"}
		reply.Trailer = trailer(t)
	case coding == 1:
		reply.ContentLength = -1
		reply.Close = true
	}
	return reply
}

func TestFramesWhatNetHTTPWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var requests, replies bytes.Buffer
		var requestEnds, replyEnds []int
		var asked [][]byte
		untilClose := false
		for range rapid.IntRange(1, 4).Draw(t, "messages") {
			request := drawnRequest(t)
			start := requests.Len()
			require.NoError(t, request.Write(&requests))
			requestEnds = append(requestEnds, requests.Len())
			asked = append(asked, requests.Bytes()[start:])

			reply := drawnReply(t, request)
			require.NoError(t, reply.Write(&replies))
			replyEnds = append(replyEnds, replies.Len())
			if untilClose = reply.Close && request.Method != "HEAD"; untilClose {
				break
			}
		}
		stream, at := requests.Bytes(), 0
		for _, end := range requestEnds {
			requireSteady(t, requestFramer, stream[at:])
			n, err := wire.HTTP1{}.Request(stream[at:])
			require.NoError(t, err)
			require.Equal(t, end, at+n)
			at = end
		}
		stream, at = replies.Bytes(), 0
		for i, end := range replyEnds {
			requireSteady(t, replyFramer(string(asked[i])), stream[at:])
			last := i == len(replyEnds)-1
			n, err := wire.HTTP1{}.Reply(stream[at:], asked[i], last)
			require.NoError(t, err)
			require.Equal(t, end, at+n)
			require.Equal(t, !(last && untilClose), wire.HTTP1{}.Cuttable(asked[i], stream[at:end]))
			at = end
		}
	})
}

// TestFramesWhatAServerSends talks to net/http's server on a bare connection,
// and finds the replies with the framer alone.
func TestFramesWhatAServerSends(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/sized", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "sized") })
	mux.HandleFunc("/empty", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("/none", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/same", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotModified) })
	mux.HandleFunc("/hinted", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "hinted")
	})
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Checksum")
		for i := range 3 {
			fmt.Fprintf(w, "chunk %d\r\n0\r\n\r\n", i)
			require.NoError(t, http.NewResponseController(w).Flush())
		}
		w.Header().Set("Checksum", "abc")
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(w, r.Body)
		require.NoError(t, err)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.Header().Set("Transfer-Encoding", "identity")
		fmt.Fprint(w, strings.Repeat("endless\r\n", 10000))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()

	var received []byte
	for _, test := range []struct{ request, want string }{
		{"GET /sized HTTP/1.1\r\nHost: x\r\n\r\n", "sized"},
		{"HEAD /sized HTTP/1.1\r\nHost: x\r\n\r\n", ""},
		{"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n", ""},
		{"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", ""},
		{"GET /same HTTP/1.1\r\nHost: x\r\n\r\n", ""},
		{"GET /hinted HTTP/1.1\r\nHost: x\r\n\r\n", "hinted"},
		{"GET /chunked HTTP/1.1\r\nHost: x\r\n\r\n", "chunk 0\r\n0\r\n\r\nchunk 1\r\n0\r\n\r\nchunk 2\r\n0\r\n\r\n"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\necho", "echo"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\necho\r\n0\r\n\r\n", "echo"},
		{"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n", strings.Repeat("endless\r\n", 10000)},
	} {
		n, err := wire.HTTP1{}.Request([]byte(test.request))
		require.NoError(t, err)
		require.Equal(t, len(test.request), n)
		_, err = io.WriteString(conn, test.request)
		require.NoError(t, err)
		ended := false
		for {
			n, err = wire.HTTP1{}.Reply(received, []byte(test.request), ended)
			require.NoError(t, err)
			if n > 0 {
				break
			}
			require.False(t, ended, "%q has no end in %q", test.request, received)
			read := make([]byte, 100)
			count, err := conn.Read(read)
			ended = err != nil
			received = append(received, read[:count]...)
		}
		require.Equal(t, test.want, bodyOf(t, received[:n], test.request), test.request)
		received = received[n:]
	}
	require.Empty(t, received)
}

// bodyOf has net/http read a reply that may begin with interim ones.
func bodyOf(t *testing.T, reply []byte, request string) string {
	method, _, _ := strings.Cut(request, " ")
	reader := bufio.NewReader(bytes.NewReader(reply))
	for {
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		if response.StatusCode >= 200 {
			_, err := reader.ReadByte()
			require.ErrorIs(t, err, io.EOF, "net/http ends where the framer does")
			return string(body)
		}
	}
}
