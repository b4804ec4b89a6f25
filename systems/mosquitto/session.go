package mosquitto

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// session is one connection to a broker, in a session that may outlive it.
type session struct {
	conn net.Conn
	in   *bufio.Reader
	// deadline is when all has to be done; zero without one.
	deadline time.Time
	// resumed says that the broker knew the session.
	resumed bool
	// come are messages that came while another packet was waited for.
	come []*packets.PublishPacket
}

var (
	// errNothing says that no message came in time.
	errNothing = errors.New("nothing came")
	// errRefused says that the broker did not take the connection.
	errRefused = errors.New("the broker refuses the connection")
)

// keepAlive is longer than any connection lasts, in seconds.
const keepAlive = 3600

// open connects, in the session of that name; without a name, or clean, in one of
// its own. Until the context's deadline everything on the connection has to be
// done.
func open(ctx context.Context, addr, name string, clean bool) (*session, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, in: bufio.NewReader(conn)}
	s.deadline, _ = ctx.Deadline()
	if err := conn.SetDeadline(s.deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	hello := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	hello.ProtocolName, hello.ProtocolVersion = "MQTT", 4
	hello.CleanSession, hello.ClientIdentifier, hello.Keepalive = clean || name == "", name, keepAlive
	if err := hello.Write(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	answer, err := packets.ReadPacket(s.in)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	welcome, ok := answer.(*packets.ConnackPacket)
	if !ok || welcome.ReturnCode != packets.Accepted {
		return nil, errors.Join(fmt.Errorf("%w: %v", errRefused, answer), conn.Close())
	}
	s.resumed = welcome.SessionPresent
	return s, nil
}

// Close ends the connection. The session stays, if it is one that does.
func (s *session) Close() error {
	_ = packets.NewControlPacket(packets.Disconnect).Write(s.conn) // a courtesy
	return s.conn.Close()
}

// read reads a packet. A release is answered at once: it may be about a message
// that was taken out in an earlier connection, and the broker gives out no other
// before.
func (s *session) read() (packets.ControlPacket, error) {
	p, err := packets.ReadPacket(s.in)
	if err != nil {
		return nil, err
	}
	if release, ok := p.(*packets.PubrelPacket); ok {
		done := packets.NewControlPacket(packets.Pubcomp).(*packets.PubcompPacket)
		done.MessageID = release.MessageID
		// If it does not arrive the broker asks again, sometime.
		_ = done.Write(s.conn)
	}
	return p, nil
}

// next reads the next packet that is no message; messages are kept for receive.
func (s *session) next() (packets.ControlPacket, error) {
	for {
		p, err := s.read()
		if err != nil {
			return nil, err
		}
		m, isMessage := p.(*packets.PublishPacket)
		if !isMessage {
			return p, nil
		}
		s.come = append(s.come, m)
	}
}

// await reads until a packet of that kind comes that has the identifier.
func await[P packets.ControlPacket](s *session, id uint16) error {
	for {
		p, err := s.next()
		if err != nil {
			return err
		}
		if _, is := p.(P); is && p.Details().MessageID == id {
			return nil
		}
	}
}

// subscribe asks for what is published on a topic.
func (s *session) subscribe(topic string, quality byte) error {
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.Topics, p.Qoss, p.MessageID = []string{topic}, []byte{quality}, 1
	if err := p.Write(s.conn); err != nil {
		return err
	}
	return await[*packets.SubackPacket](s, p.MessageID)
}

// ping returns once the broker has read all that was sent before.
func (s *session) ping() error {
	if err := packets.NewControlPacket(packets.Pingreq).Write(s.conn); err != nil {
		return err
	}
	return await[*packets.PingrespPacket](s, 0)
}

// receive returns the next message. If there is none for so long, it is
// [errNothing], and nothing can be received any more.
func (s *session) receive(wait time.Duration) (*packets.PublishPacket, error) {
	if len(s.come) > 0 {
		m := s.come[0]
		s.come = s.come[1:]
		return m, nil
	}
	until := time.Now().Add(wait)
	if !s.deadline.IsZero() && s.deadline.Before(until) {
		until = s.deadline
	}
	if err := s.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	for {
		p, err := s.read()
		if err != nil {
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				return nil, errNothing
			}
			return nil, err
		}
		if m, ok := p.(*packets.PublishPacket); ok {
			return m, s.conn.SetReadDeadline(s.deadline)
		}
	}
}

// acknowledge tells the broker that a message has arrived. Of one of quality 0
// there is nothing to tell. It is certain that the broker knows once a ping behind
// it is answered; of quality 2 at once.
func (s *session) acknowledge(m *packets.PublishPacket) error {
	switch m.Qos {
	case 1:
		p := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		p.MessageID = m.MessageID
		return p.Write(s.conn)
	case 2:
		p := packets.NewControlPacket(packets.Pubrec).(*packets.PubrecPacket)
		p.MessageID = m.MessageID
		if err := p.Write(s.conn); err != nil {
			return err
		}
		return await[*packets.PubrelPacket](s, m.MessageID)
	}
	return nil
}
