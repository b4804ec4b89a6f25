package wire_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

// maxFuzzed bounds what is fed byte by byte, which takes its square.
const maxFuzzed = 2000

var seeds = []string{
	"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",
	"\r\nPOST / HTTP/1.1\r\nIdempotency-Key: a\r\nContent-Length: 3\r\n\r\nabc",
	"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nA;b=c\r\n0123456789\r\n0\r\nA: b\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	"HTTP/1.0 200 OK\r\n\r\nall that comes",
	"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
}

func FuzzHTTP1Request(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) > maxFuzzed {
			return
		}
		requireSteady(t, requestFramer, sent)
		n, err := wire.HTTP1{}.Request(sent)
		wire.HTTP1{}.Repeatable(sent)
		if err != nil || n == 0 {
			return
		}
		source := bytes.NewReader(sent)
		reader := bufio.NewReader(source)
		request, err := http.ReadRequest(reader)
		if err != nil {
			return // net/http is stricter about what it does not need to frame
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		require.Equal(t, len(sent)-source.Len()-reader.Buffered(), n, "net/http ends elsewhere")
	})
}

func FuzzHTTP1Reply(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), []byte(seed))
		f.Add([]byte("HEAD / HTTP/1.1\r\n\r\n"), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, request, received []byte) {
		if len(received) > maxFuzzed {
			return
		}
		requireSteady(t, replyFramer(string(request)), received)
		wire.HTTP1{}.Acknowledged(request, received)
		wire.HTTP1{}.Cuttable(request, received)
		open, openErr := wire.HTTP1{}.Reply(received, request, false)
		n, err := wire.HTTP1{}.Reply(received, request, true)
		require.Equal(t, openErr, err, "an error does not depend on the end")
		if open > 0 {
			require.Equal(t, open, n, "an end that was found is not moved by the end of the stream")
		}
		if err != nil || n == 0 {
			return
		}
		method, _, _ := bytes.Cut(bytes.TrimLeft(request, "\r\n"), []byte(" "))
		source := bytes.NewReader(received)
		reader := bufio.NewReader(source)
		for {
			response, err := http.ReadResponse(reader, &http.Request{Method: string(method)})
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				return
			}
			if response.StatusCode >= 200 {
				break
			}
		}
		require.Equal(t, len(received)-source.Len()-reader.Buffered(), n, "net/http ends elsewhere")
	})
}
