package server

import (
	"context"
	"net"
	"time"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/tertium-dev/tertium/systems/ledger/frame"
)

const (
	linkQueue   = 4096
	linkBatch   = 256 << 10
	dialTimeout = 250 * time.Millisecond
	redialAfter = 25 * time.Millisecond
	// sendTimeout bounds a write to a node that has stopped reading, and
	// frameTimeout the time from the head of a frame to its end: a stream that
	// lost bytes on its way may promise some that never come.
	sendTimeout  = time.Second
	frameTimeout = 2 * time.Second
	// frameRate is what is added to frameTimeout for large frames, in bytes a
	// second.
	frameRate = 1 << 20
)

// link carries this node's messages to one other node, and nothing back: cut in
// one direction, the other direction is not touched. Messages that do not fit,
// or are on their way when it breaks, are lost; Raft sends again what matters.
type link struct {
	node  *Node
	to    uint64
	addr  string
	queue chan *raftpb.Message
}

func newLink(n *Node, to uint64, addr string) *link {
	return &link{node: n, to: to, addr: addr, queue: make(chan *raftpb.Message, linkQueue)}
}

// send puts a message in line or drops it. It is called by the loop.
func (l *link) send(m *raftpb.Message) {
	select {
	case l.queue <- m:
	default:
		l.report(l.node, snapshots(m), false)
	}
}

// report tells the core, in its loop, what became of messages, some of which
// were snapshots.
func (l *link) report(n *Node, snapshots int, sent bool) {
	if !sent {
		n.core.Unreachable(l.to)
	}
	for range snapshots {
		n.core.SnapshotSent(l.to, sent)
	}
}

// snapshots counts a message if it has a snapshot.
func snapshots(m *raftpb.Message) int {
	if m.GetType() == raftpb.MsgSnap {
		return 1
	}
	return 0
}

// run keeps a connection open and writes the queue to it.
func (l *link) run(ctx context.Context) error {
	dialer := net.Dialer{Timeout: dialTimeout}
	for ctx.Err() == nil {
		if conn, err := dialer.DialContext(ctx, "tcp", l.addr); err == nil {
			l.write(ctx, conn)
		}
		select {
		case <-ctx.Done():
		case <-time.After(redialAfter):
		}
	}
	return nil
}

// write writes the queue to conn until one of them ends.
func (l *link) write(ctx context.Context, conn net.Conn) {
	// The other side never writes; its end of the stream is all that can be read.
	broken := make(chan struct{})
	go func() {
		defer close(broken)
		var one [1]byte
		_, _ = conn.Read(one[:])
	}()
	defer func() {
		_ = conn.Close()
		<-broken
	}()
	var buffer []byte
	for {
		var m *raftpb.Message
		select {
		case <-ctx.Done():
			return
		case <-broken:
			_ = l.node.post(ctx, func(n *Node) { n.core.Unreachable(l.to) })
			return
		case m = <-l.queue:
		}
		taken, err := l.gather(m, &buffer)
		if err == nil {
			_ = conn.SetWriteDeadline(time.Now().Add(sendTimeout))
			_, err = conn.Write(buffer)
		}
		if err != nil || taken > 0 {
			_ = l.node.post(ctx, func(n *Node) { l.report(n, taken, err == nil) })
		}
		if err != nil {
			return
		}
	}
}

// gather encodes a message and those behind it into buffer, up to a batch, and
// returns how many of them were snapshots.
func (l *link) gather(m *raftpb.Message, buffer *[]byte) (taken int, err error) {
	*buffer = (*buffer)[:0]
	for {
		taken += snapshots(m)
		payload, err := proto.Marshal(m)
		if err != nil {
			return taken, err
		}
		*buffer = frame.Append(*buffer, payload)
		if len(*buffer) >= linkBatch {
			return taken, nil
		}
		select {
		case m = <-l.queue:
		default:
			return taken, nil
		}
	}
}

// accept takes the streams of the other nodes until the context ends.
func (n *Node) accept(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			// Out of file descriptors, or a connection that ended before it was
			// taken. Others may come.
			n.logger.Printf("accept a node: %v", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(redialAfter):
			}
			continue
		}
		go n.read(ctx, conn)
	}
}

// read takes messages off a stream until it ends or makes no sense.
func (n *Node) read(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	frames := frame.NewReader(conn)
	frames.Begun = func(size int) {
		late := frameTimeout + time.Duration(size)*time.Second/frameRate
		_ = conn.SetReadDeadline(time.Now().Add(late))
	}
	for {
		payload, err := frames.Next()
		if err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Time{})
		m := &raftpb.Message{}
		if err := proto.Unmarshal(payload, m); err != nil {
			return
		}
		if n.post(ctx, func(n *Node) { n.core.Step(m) }) != nil {
			return
		}
	}
}
