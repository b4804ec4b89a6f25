package nats

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fake is a server that answers each request as a function says.
type fake struct {
	listener net.Listener
	running  sync.WaitGroup
	// answer returns what is sent back, nothing if it is nil. An empty answer
	// closes the connection.
	answer func(subject string, header, body string) []answer

	mu    sync.Mutex
	asked []string
	conns []net.Conn
}

// answer is one message in answer to a request.
type answer struct {
	// reply is where the message itself may be answered.
	reply, header, body string
	// close ends the connection in place of it.
	close bool
}

func status503() []answer { return []answer{{header: "NATS/1.0 503\r\n\r\n"}} }

func said(body string) []answer { return []answer{{body: body}} }

func startFake(t *testing.T, answer func(subject string, header, body string) []answer) (*fake, *client) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &fake{listener: l, answer: answer}
	f.running.Go(f.accept)
	c := &client{addr: l.Addr().String()}
	s, err := readSettings(config(nil))
	require.NoError(t, err)
	c.settings = s
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		f.stop()
	})
	return f, c
}

func (f *fake) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.conns = append(f.conns, conn)
		f.mu.Unlock()
		f.running.Go(func() {
			defer conn.Close()
			_ = f.serve(conn) // however it ends
		})
	}
}

// stop ends the server and its connections.
func (f *fake) stop() {
	f.listener.Close()
	f.mu.Lock()
	for _, conn := range f.conns {
		conn.Close()
	}
	f.mu.Unlock()
	f.running.Wait()
}

// subjects are those of all requests so far.
func (f *fake) subjects() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fake) serve(conn net.Conn) error {
	if _, err := io.WriteString(conn, `INFO {"server_id":"x","headers":true,"max_payload":1048576}`+"\r\n"); err != nil {
		return err
	}
	reader := bufio.NewReader(conn)
	sids := map[string]string{}
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return err
		}
		words := strings.Fields(line)
		switch words[0] {
		case "PING":
			if _, err := io.WriteString(conn, "PONG\r\n"); err != nil {
				return err
			}
		case "SUB":
			sids[strings.TrimSuffix(words[1], "*")] = words[len(words)-1]
		case "PUB", "HPUB":
			size, err := strconv.Atoi(words[len(words)-1])
			if err != nil {
				return err
			}
			payload := make([]byte, size+2)
			if _, err := io.ReadFull(reader, payload); err != nil {
				return err
			}
			header, body := "", string(payload[:size])
			if words[0] == "HPUB" {
				n, err := strconv.Atoi(words[3])
				if err != nil {
					return err
				}
				header, body = body[:n], body[n:]
			}
			f.mu.Lock()
			f.asked = append(f.asked, words[1])
			f.mu.Unlock()
			for _, a := range f.answer(words[1], header, body) {
				if a.close {
					return nil
				}
				if err := deliver(conn, words[2], sids, a); err != nil {
					return err
				}
			}
		}
	}
}

// deliver sends an answer to whoever subscribed to the subject.
func deliver(w io.Writer, subject string, sids map[string]string, a answer) error {
	sid := ""
	for prefix, id := range sids {
		if strings.HasPrefix(subject, prefix) {
			sid = id
		}
	}
	head := strings.TrimSpace(subject+" "+sid+" "+a.reply) + " "
	text := fmt.Sprintf("MSG %s%d\r\n%s\r\n", head, len(a.body), a.body)
	if a.header != "" {
		text = fmt.Sprintf("HMSG %s%d %d\r\n%s%s\r\n", head, len(a.header), len(a.header)+len(a.body), a.header, a.body)
	}
	_, err := io.WriteString(w, text)
	return err
}

// fakeStream keeps messages as a stream does, with the subjects they came on, and
// answers direct gets of them.
type fakeStream struct {
	mu       sync.Mutex
	subjects []string
	bodies   []string
}

func (s *fakeStream) store(subject, body string) []answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subjects, s.bodies = append(s.subjects, subject), append(s.bodies, body)
	return said(fmt.Sprintf(`{"stream":"x","seq":%d}`, len(s.bodies)))
}

func (s *fakeStream) next(from int, subject string) []answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := from - 1; i < len(s.bodies); i++ {
		if s.subjects[i] == subject {
			return []answer{{header: fmt.Sprintf("NATS/1.0\r\nNats-Sequence: %d\r\n\r\n", i+1), body: s.bodies[i]}}
		}
	}
	return []answer{{header: "NATS/1.0 404 Message Not Found\r\n\r\n"}}
}
