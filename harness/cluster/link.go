package cluster

import "time"

// Link is the directed path on which From opens connections to To. Both
// directions of such a connection pass through it. Connections that To opens to
// From are on another link.
type Link interface {
	From() string
	To() string
	// Addr is the near end: where From dials.
	Addr() string
	// Add puts a rule on the link, after those already there, from the next
	// message on. The returned function takes it off and may be called twice.
	Add(Rule) (remove func())
	// Reset ends every open connection with a TCP reset and returns how many
	// there were.
	Reset() int
}

// Rule decides what becomes of the messages on a link. It is asked from many
// goroutines at once and must not block. On a stream without a [Framer] a
// message is a chunk of bytes as it was read.
type Rule interface {
	// Dial is asked when From opens a connection.
	Dial() Action
	// Judge is asked once for each message.
	Judge(Message) Action
}

// Message is one request, reply or chunk on a link.
type Message struct {
	// Conn numbers the connection on this link and Seq the message in its
	// direction, both from 0. Request Seq and reply Seq belong together where
	// the stream is framed.
	Conn, Seq uint64
	// Reply is true on the way back from To to From.
	Reply bool
	// Framed says that Bytes are a whole message with its boundaries known.
	Framed bool
	// Bytes are the message. They must not be changed or kept.
	Bytes []byte
	// Request are the bytes of the request that a framed reply answers.
	Request []byte
}

// Action is what becomes of a message. The zero value lets it pass. Actions of
// several rules add up: delays sum, and any drop or reset wins.
type Action struct {
	// Delay holds the message, and those behind it on the same direction of
	// its connection, for so long.
	Delay time.Duration
	// Drop swallows it; the connection stays open and says nothing more about
	// it. A connection that lost bytes which were no whole message cannot go
	// on: it is reset when the rule is taken off, or when a later message in
	// that direction would pass.
	Drop bool
	// Reset ends the connection with a TCP reset instead of passing the message
	// on. With ResetAfter the message passes first.
	Reset, ResetAfter bool
	// Keep passes only so many bytes of it and then ends the connection; zero
	// means all.
	Keep int
	// Before, if set, is called just before the message would be passed on, and
	// the message waits for it: a node can be killed at the ack. It is called
	// also for a message that is then dropped or reset, which is how to make
	// sure that the ack is never seen; otherwise it may be, or may be lost with
	// the node.
	Before func()
	// Copies are further deliveries of a framed request, each on a connection
	// of its own whose replies are read and thrown away.
	Copies []Copy
}

// Copy is one more delivery of a request.
type Copy struct {
	// After is how long after the original it is sent.
	After time.Duration
	// To is the node to send it to; empty means the link's own.
	To string
	// Done, if set, is called when the copy was answered (true) or could not be
	// delivered.
	Done func(delivered bool)
}

// Framer knows where the messages of a protocol begin and end.
type Framer interface {
	// Name is the protocol's: "http/1.1".
	Name() string
	// Request returns the length of the first whole message in what a client
	// sent, or 0 if there is not yet one. An error means that the stream cannot
	// be understood: the rest of the connection is then one without a Framer,
	// and the link reports it (see [Misreader]).
	Request(sent []byte) (int, error)
	// Reply does the same for what came back. It is given the request it
	// answers, because that can decide where a reply ends, and is told whether
	// the stream has ended.
	Reply(received, request []byte, ended bool) (int, error)
}

// Greeter is a Framer of a protocol in which the server speaks first.
type Greeter interface {
	Framer
	// Greets reports that the first message from the server answers no request.
	// Reply is given it with an empty one. It has Seq 0, and the first request
	// has Seq 1.
	Greets() bool
}

// Correlator is a Framer of a protocol in which some of what a client sends is
// answered and some is not, replies come in any order, and the node also speaks
// unasked. Each message, in either direction, is one of its own: Reply is given no
// request. What answers no request is a framed reply without a [Message.Request],
// with a Seq that says nothing.
type Correlator interface {
	Framer
	// Asks reports whether a message from the client is a request, which a
	// message of the node may answer.
	Asks(request []byte) bool
	// Answers reports whether a message of the node answers the request. The
	// oldest one that it answers is the one.
	Answers(reply, request []byte) bool
	// Again returns what delivers a request once more on a connection of its own,
	// and asks the node to confirm that it has read it.
	Again(request []byte) []byte
	// Confirmed reports whether the node has confirmed that, in all that came
	// back on that connection.
	Confirmed(received []byte) (bool, error)
}

// Misreader is a link that can tell how many connections its framer did not
// understand, and the first reason. Rules for framed messages did not touch
// those.
type Misreader interface {
	Misread() (connections int64, first error)
}
