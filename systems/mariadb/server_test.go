package mariadb

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// answer is what a fake server says to a statement: packets, or nothing before it
// ends the connection, or nothing at all.
type answer struct {
	packets    []string
	end, hangs bool
}

func okay(affected byte) answer {
	return answer{packets: []string{"\x00" + string(rune(affected)) + "\x00\x02\x00\x00\x00"}}
}

func refuses(number uint16) answer {
	return answer{packets: []string{"\xff" + string(binary.LittleEndian.AppendUint16(nil, number)) + "#HY000no"}}
}

// row answers with one row of one column.
func row(value string) answer {
	a := rows()
	a.packets = append(a.packets[:3:3], string(rune(len(value)))+value, a.packets[3])
	return a
}

// rows answers with no row of one column, which is text.
func rows() answer {
	const column = "\x03def\x00\x00\x00\x01v\x00\x0c\x21\x00\x01\x00\x00\x00\xfd\x00\x00\x00\x00\x00"
	const end = "\xfe\x00\x00\x02\x00"
	return answer{packets: []string{"\x01", column, end, end}}
}

var (
	ends  = answer{end: true}
	hangs = answer{hangs: true}
)

// server is a fake one, which remembers the statements it got.
type server struct {
	addr    string
	answers func(statement string) answer

	mu         sync.Mutex
	statements []string
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statements
}

// serve greets clients as MariaDB does and answers their statements.
func serve(t *testing.T, answers func(statement string) answer) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	s := &server{addr: l.Addr().String(), answers: answers}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.converse(c)
		}
	}()
	return s
}

// always answers every statement with the same, but those that begin and roll
// back transactions.
func always(a answer) func(string) answer {
	return func(statement string) answer {
		if statement == "START TRANSACTION" || statement == "ROLLBACK" {
			return okay(0)
		}
		return a
	}
}

const greeting = "\x0a5.5.5-10.11.18-MariaDB\x00\x01\x00\x00\x0012345678\x00\xfe\xf7\x2d\x02\x00\xff\x81\x15" +
	"\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00123456789012\x00mysql_native_password\x00"

func (s *server) converse(c net.Conn) {
	defer c.Close()
	if say(c, 0, greeting) != nil {
		return
	}
	if _, err := hear(c); err != nil {
		return
	}
	if say(c, 2, okay(0).packets...) != nil {
		return
	}
	for {
		command, err := hear(c)
		if err != nil || command[0] != 3 {
			return
		}
		statement := string(command[1:])
		s.mu.Lock()
		s.statements = append(s.statements, statement)
		s.mu.Unlock()
		a := s.answers(statement)
		if a.end {
			return
		}
		if a.hangs {
			continue
		}
		if say(c, 1, a.packets...) != nil {
			return
		}
	}
}

func say(c net.Conn, number byte, packets ...string) error {
	var b strings.Builder
	for i, packet := range packets {
		b.Write([]byte{byte(len(packet)), byte(len(packet) >> 8), 0, number + byte(i)})
		b.WriteString(packet)
	}
	_, err := io.WriteString(c, b.String())
	return err
}

func hear(c net.Conn) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err := io.ReadFull(c, body)
	return body, err
}
