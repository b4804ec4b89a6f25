package wire

import (
	"bytes"
	"encoding/json"

	"github.com/tertium-dev/tertium/harness/cluster"
)

var _ cluster.Correlator = NATS{}

// natsParts is a message with a payload, taken apart.
type natsParts struct {
	subject, reply  []byte
	header, payload []byte
}

// natsPublish takes a publish apart, and natsDelivery what a server delivers. They
// are false for other messages.
func natsPublish(b []byte) (natsParts, bool) { return takeApart(b, natsClient, 1) }

func natsDelivery(b []byte) (natsParts, bool) { return takeApart(b, natsServer, 2) }

// takeApart takes a message apart whose subject is the second word, with so many
// words before a reply subject.
func takeApart(b []byte, verbs natsVerbs, before int) (natsParts, bool) {
	line, err := readNATSLine(b, verbs)
	if err != nil || len(line.words) == 0 || len(b) < line.size+line.payload {
		return natsParts{}, false
	}
	p := natsParts{
		subject: line.words[1],
		header:  b[line.size : line.size+line.header],
		payload: b[line.size+line.header : line.size+line.payload],
	}
	if at := 1 + before; len(line.words) == verbs[line.verb].most {
		p.reply = line.words[at]
	}
	return p, true
}

// Asks reports whether it is a publish with a reply subject.
func (NATS) Asks(request []byte) bool {
	p, ok := natsPublish(request)
	return ok && len(p.reply) > 0
}

// Answers reports whether it is a message on the request's reply subject.
func (NATS) Answers(reply, request []byte) bool {
	answer, ok := natsDelivery(reply)
	if !ok {
		return false
	}
	asked, ok := natsPublish(request)
	return ok && len(asked.reply) > 0 && bytes.Equal(answer.subject, asked.reply)
}

// natsAgain is what comes before and behind a request that is sent once more.
var natsAgain = [2][]byte{
	[]byte(`CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"lang":"go","version":"1","protocol":1}` + "\r\n"),
	[]byte("PING\r\n"),
}

// Again returns a conversation that publishes the same once more. Its answer, if
// any, goes to whoever waits on the reply subject.
func (NATS) Again(request []byte) []byte {
	return bytes.Join([][]byte{natsAgain[0], request, natsAgain[1]}, nil)
}

// Confirmed reports whether the server has answered the PING behind a publish,
// which it does once it has read that.
func (NATS) Confirmed(received []byte) (bool, error) {
	for len(received) > 0 {
		n, err := natsMessage(received, natsServer)
		if err != nil || n == 0 {
			return false, err
		}
		line, err := readNATSLine(received[:n], natsServer)
		switch {
		case err != nil:
			return false, err
		case line.verb == "PONG":
			return true, nil
		case line.verb == "-ERR":
			return false, errNATSRefused
		}
		received = received[n:]
	}
	return false, nil
}

// Subjects that mean something to JetStream: requests of its API, and
// acknowledgements of messages that it delivered.
var (
	natsAPI      = []byte("$JS.API.")
	natsAcks     = []byte("$JS.ACK.")
	natsInternal = []byte("$")
	natsKV       = []byte("$KV.")
)

// Repeatable reports whether it is a publish with a message ID, by which a stream
// knows it again for the time of its duplicate window.
func (NATS) Repeatable(request []byte) bool {
	p, ok := natsPublish(request)
	if !ok || bytes.HasPrefix(p.subject, natsInternal) && !bytes.HasPrefix(p.subject, natsKV) {
		return false
	}
	return natsHas(p.header, "Nats-Msg-Id")
}

// natsHas reports whether a header has a field with that name.
func natsHas(header []byte, name string) bool {
	for line := range bytes.SplitSeq(header, []byte("\r\n")) {
		field, _, colon := bytes.Cut(line, []byte(":"))
		if colon && bytes.EqualFold(field, []byte(name)) {
			return true
		}
	}
	return false
}

// Acknowledged reports whether a stream says that it stored a message, or a
// consumer that it took an acknowledgement in.
func (NATS) Acknowledged(request, reply []byte) bool {
	asked, ok := natsPublish(request)
	if !ok {
		return false
	}
	answer, ok := natsDelivery(reply)
	if !ok || bytes.HasPrefix(answer.header, []byte("NATS/1.0 ")) { // a status is no success
		return false
	}
	switch {
	case bytes.HasPrefix(asked.subject, natsAcks):
		return len(answer.payload) == 0
	case bytes.HasPrefix(asked.subject, natsAPI):
		return false
	}
	var stored struct {
		Stream string          `json:"stream"`
		Seq    uint64          `json:"seq"`
		Error  json.RawMessage `json:"error"`
	}
	if json.Unmarshal(answer.payload, &stored) != nil {
		return false
	}
	return stored.Stream != "" && stored.Seq > 0 && len(stored.Error) == 0
}

// Cuttable is true of replies to requests: every message says where it ends.
func (NATS) Cuttable(request, _ []byte) bool { return len(request) > 0 }
