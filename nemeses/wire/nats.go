package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxControl bounds a line of the NATS protocol; the longest are INFO and CONNECT.
const maxControl = 64 << 10

var (
	errNATSLine    = errors.New("a line of NATS that does not end in CR and LF")
	errNATSRefused = errors.New("the server refused the conversation")
)

// NATS frames the client protocol of NATS
// (https://docs.nats.io/reference/reference-protocols/nats-protocol).
//
// Each line, with the payload behind it, is a message of its own. A publish with a
// reply subject is a request, and the first message that comes back on that
// subject is its reply: a service answers, or JetStream acknowledges. Everything
// else is neither: what the client library says for itself (CONNECT, SUB, PING),
// publishes that nobody is asked to answer, and what the server says unasked.
// Connections that change to TLS or another transport are not understood.
type NATS struct{}

// Name returns "nats".
func (NATS) Name() string { return "nats" }

// Request returns the length of the first message in sent.
func (NATS) Request(sent []byte) (int, error) {
	return natsMessage(sent, natsClient)
}

// Reply returns the length of the first message in received.
func (NATS) Reply(received, _ []byte, _ bool) (int, error) {
	return natsMessage(received, natsServer)
}

// natsVerbs are the words that a line may begin with. Those with a payload say how
// many words there are at least, with the sizes at the end, and how many sizes.
type natsVerbs map[string]natsShape

type natsShape struct{ least, most, sizes int }

var (
	natsClient = natsVerbs{
		"CONNECT": {}, "PING": {}, "PONG": {}, "SUB": {}, "UNSUB": {},
		"PUB": {3, 4, 1}, "HPUB": {4, 5, 2},
	}
	natsServer = natsVerbs{
		"INFO": {}, "PING": {}, "PONG": {}, "+OK": {}, "-ERR": {},
		"MSG": {4, 5, 1}, "HMSG": {5, 6, 2},
	}
)

// natsLine is a line of the protocol.
type natsLine struct {
	// verb is in capitals.
	verb string
	// words are all, the verb first, of a line that has a payload.
	words [][]byte
	// header is the size of the header and of the payload together with it that
	// follow; without a header it is zero.
	header, payload int
	// size is the length of the line.
	size int
}

// natsMessage returns the length of the message that b begins with, 0 if it is not
// yet whole.
func natsMessage(b []byte, verbs natsVerbs) (int, error) {
	line, err := readNATSLine(b, verbs)
	if err != nil || line.size == 0 {
		return 0, err
	}
	if len(line.words) == 0 {
		return line.size, nil
	}
	end := line.size + line.payload
	if len(b) < end+2 {
		return 0, nil
	}
	if b[end] != '\r' || b[end+1] != '\n' {
		return 0, errors.New("a payload of NATS that does not end where it says")
	}
	return end + 2, nil
}

// readNATSLine reads the line that b begins with. Its size is 0 if it is not yet
// whole.
func readNATSLine(b []byte, verbs natsVerbs) (natsLine, error) {
	end := bytes.IndexByte(b, '\n')
	switch {
	case end < 0 && len(b) > maxControl, end > maxControl:
		return natsLine{}, fmt.Errorf("a line of NATS longer than %d bytes", maxControl)
	case end < 0:
		return natsLine{}, natsBegins(b, verbs)
	case end == 0 || b[end-1] != '\r':
		return natsLine{}, errNATSLine
	}
	text := b[:end-1]
	word, _, _ := bytes.Cut(bytes.ReplaceAll(text[:min(len(text), 16)], []byte("\t"), []byte(" ")), []byte(" "))
	line := natsLine{verb: string(bytes.ToUpper(word)), size: end + 1}
	shape, known := verbs[line.verb]
	if !known {
		return natsLine{}, fmt.Errorf("no line of NATS begins with %q", word)
	}
	if shape.sizes == 0 {
		return line, nil
	}
	line.words = bytes.Fields(text)
	if n := len(line.words); n < shape.least || n > shape.most {
		return natsLine{}, fmt.Errorf("a %s of NATS with %d words", line.verb, n)
	}
	sizes := line.words[len(line.words)-shape.sizes:]
	var err error
	if line.payload, err = natsSize(sizes[len(sizes)-1]); err != nil {
		return natsLine{}, err
	}
	if shape.sizes == 2 {
		if line.header, err = natsSize(sizes[0]); err != nil {
			return natsLine{}, err
		}
		if line.header > line.payload {
			return natsLine{}, errors.New("a message of NATS whose header is longer than all of it")
		}
	}
	return line, nil
}

// natsBegins returns an error if no line can begin with b, which has no end.
func natsBegins(b []byte, verbs natsVerbs) error {
	word, _, whole := bytes.Cut(bytes.ReplaceAll(b[:min(len(b), 16)], []byte("\t"), []byte(" ")), []byte(" "))
	upper := bytes.TrimSuffix(bytes.ToUpper(word), []byte("\r"))
	for verb := range verbs {
		if verb == string(upper) || !whole && len(upper) == len(word) && bytes.HasPrefix([]byte(verb), upper) {
			return nil
		}
	}
	return fmt.Errorf("no line of NATS begins with %q", word)
}

func natsSize(word []byte) (int, error) {
	size, err := strconv.ParseUint(string(word), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is no size in NATS", word)
	}
	if size > maxMessage {
		return 0, errMessageTooLarge
	}
	return int(size), nil
}
