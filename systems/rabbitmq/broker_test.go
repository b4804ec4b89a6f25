package rabbitmq

import (
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/nemeses/wire"
)

// broker is what a broker answers: methods by class and method, to the messages of
// clients by the same. An empty answer ends the connection, and none at all is
// what "hang" stands for.
type broker struct {
	publish, get, declare func(channel uint16) string
	// acked is how many messages were acknowledged.
	acked atomic.Int64
}

const (
	hang = "hang"
	// hangUp behind an answer ends the connection after it.
	hangUp = "and no more"
)

func short(text string) string { return string([]byte{byte(len(text))}) + text }
func long(text string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(text)))) + text
}
func u16(n uint16) string { return string(binary.BigEndian.AppendUint16(nil, n)) }
func u32(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }
func u64(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

func frame(kind byte, channel uint16, payload string) string {
	return string([]byte{kind}) + u16(channel) + long(payload) + "\xce"
}

func method(channel, class, method uint16, arguments string) string {
	return frame(1, channel, u16(class)+u16(method)+arguments)
}

func content(channel uint16, body string) string {
	return frame(2, channel, u16(60)+u16(0)+u64(uint64(len(body)))+u16(0)) + frame(3, channel, body)
}

// The answers of a broker.
func ack(channel uint16) string  { return method(channel, 60, 80, u64(1)+"\x00") }
func nack(channel uint16) string { return method(channel, 60, 120, u64(1)+"\x00") }
func back(channel uint16) string {
	return method(channel, 60, 50, u16(312)+short("NO_ROUTE")+short("")+short("q0")) + content(channel, "7")
}
func got(body string) func(uint16) string {
	return func(channel uint16) string {
		return method(channel, 60, 71, u64(1)+"\x00"+short("")+short("q0")+u32(0)) + content(channel, body)
	}
}
func nothing(channel uint16) string { return method(channel, 60, 72, short("")) }
func closed(channel uint16) string {
	return method(channel, 20, 40, u16(404)+short("NOT_FOUND")+u16(60)+u16(70))
}
func declared(channel uint16) string { return method(channel, 50, 11, short("q0")+u32(0)+u32(0)) }
func gone(uint16) string             { return "" }
func silent(uint16) string           { return hang }

// start makes it listen.
func (b *broker) start(t *testing.T) (addr string) {
	t.Helper()
	if b.declare == nil {
		b.declare = declared
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(conn)
		}
	}()
	return l.Addr().String()
}

func (b *broker) serve(conn net.Conn) {
	defer conn.Close()
	var sent []byte
	buffer := make([]byte, 4096)
	for {
		n, err := wire.AMQP{}.Request(sent)
		if err != nil {
			return
		}
		if n == 0 {
			n, err := conn.Read(buffer)
			sent = append(sent, buffer[:n]...)
			if err != nil {
				return
			}
			continue
		}
		answer := b.answer(sent[:n])
		sent = sent[n:]
		answer, last := strings.CutSuffix(answer, hangUp)
		if answer == hang {
			continue
		}
		if _, err := io.WriteString(conn, answer); err != nil || last || answer == "" {
			return
		}
	}
}

// answer is that to one message of a client.
func (b *broker) answer(message []byte) string {
	if message[0] == 'A' {
		return method(0, 10, 10, "\x00\x09"+long("")+long("PLAIN")+long("en_US"))
	}
	if message[0] != 1 {
		return hang // a heartbeat
	}
	channel := binary.BigEndian.Uint16(message[1:])
	class, of := binary.BigEndian.Uint16(message[7:]), binary.BigEndian.Uint16(message[9:])
	switch strconv.Itoa(int(class)) + "." + strconv.Itoa(int(of)) {
	case "10.11":
		return method(0, 10, 30, u16(100)+u32(131072)+u16(60))
	case "10.40":
		return method(0, 10, 41, short(""))
	case "20.10":
		return method(channel, 20, 11, long(""))
	case "20.40":
		return method(channel, 20, 41, "")
	case "85.10":
		return method(channel, 85, 11, "")
	case "50.10":
		return b.declare(channel)
	case "60.40":
		return b.publish(channel)
	case "60.70":
		return b.get(channel)
	case "60.80":
		b.acked.Add(1)
	}
	return hang
}
