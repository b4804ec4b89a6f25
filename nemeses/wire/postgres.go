package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Postgres frames version 3 of PostgreSQL's protocol
// (https://www.postgresql.org/docs/current/protocol.html).
//
// A request is what the server answers as one: the start-up, a password, a simple
// query, or messages of the extended protocol up to the Sync behind them. A reply
// ends where the server waits for the client: at ReadyForQuery, or where it asks
// for a password. Encrypted connections, COPY from the client, and replies asked
// for with Flush are not understood.
type Postgres struct{}

// Name returns "postgres".
func (Postgres) Name() string { return "postgres" }

// Codes in place of a protocol version, in a message without a type.
const (
	codeCancel = 80877102
	codeTLS    = 80877103
	codeGSS    = 80877104
	// version3 is the major version of the protocol that is framed.
	version3 = 3
)

var (
	errEncrypted = errors.New("the connection is encrypted")
	errCopy      = errors.New("a COPY, whose messages go both ways at once")
	errFlush     = errors.New("a reply asked for with Flush")
)

// Request returns the length of the first request in sent. A message without a
// type, which begins with the high bytes of its length, is told from the others
// by its first byte: no type is zero.
func (Postgres) Request(sent []byte) (int, error) {
	if len(sent) == 0 {
		return 0, nil
	}
	if sent[0] == 0 {
		return startup(sent)
	}
	for at := 0; ; {
		kind, n, err := message(sent[at:])
		if err != nil || n == 0 {
			return 0, err
		}
		at += n
		switch kind {
		case 'Q', 'S', 'F', 'p', 'X': // query, Sync, function call, password, terminate
			return at, nil
		case 'P', 'B', 'D', 'E', 'C': // parse, bind, describe, execute, close
		case 'H':
			return 0, errFlush
		case 'd', 'c', 'f':
			return 0, errCopy
		default:
			return 0, fmt.Errorf("no message from a client is of type %q", kind)
		}
	}
}

// startup returns the length of a message without a type.
func startup(b []byte) (int, error) {
	if len(b) < 8 {
		return 0, nil
	}
	size, code := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	switch {
	case size < 8 || size > maxHead:
		return 0, fmt.Errorf("a start-up message of %d bytes", size)
	case code != codeCancel && code != codeTLS && code != codeGSS && code>>16 != version3:
		return 0, fmt.Errorf("version %d.%d of the protocol", code>>16, code&0xffff)
	case len(b) < int(size):
		return 0, nil
	}
	return int(size), nil
}

// message returns the type and the length of the message that b begins with. Its
// length is 0 if it is not yet whole.
func message(b []byte) (kind byte, n int, err error) {
	if len(b) < 5 {
		return 0, 0, nil
	}
	size := binary.BigEndian.Uint32(b[1:])
	switch {
	case size < 4:
		return 0, 0, fmt.Errorf("a message of type %q whose length is %d", b[0], size)
	case size > maxMessage:
		return 0, 0, errMessageTooLarge
	case len(b) < int(size)+1:
		return 0, 0, nil
	}
	return b[0], int(size) + 1, nil
}

// Reply returns the length of the first reply in received.
func (Postgres) Reply(received, request []byte, _ bool) (int, error) {
	if len(received) == 0 {
		return 0, nil
	}
	if asksToEncrypt(request) && (received[0] == 'S' || received[0] == 'G' || received[0] == 'N') {
		// One byte says yes or no; an error is a message.
		if received[0] != 'N' {
			return 0, errEncrypted
		}
		return 1, nil
	}
	at := 0
	for {
		kind, n, err := message(received[at:])
		if err != nil || n == 0 {
			return 0, err
		}
		body := received[at+5 : at+n]
		at += n
		switch kind {
		case 'Z': // ready for the next query
			return at, nil
		case 'R':
			waits, err := waitsForPassword(body)
			if err != nil {
				return 0, err
			}
			if waits {
				return at, nil
			}
		case 'G', 'W':
			return 0, errCopy
		case 'E':
			if len(request) > 0 && (request[0] == 0 || request[0] == 'p') {
				return at, nil // the server closes a connection that did not begin
			}
		case '1', '2', '3', 'A', 'C', 'D', 'H', 'I', 'K', 'N', 'S', 'T', 'V', 'c', 'd', 'n', 's', 't', 'v':
		default:
			return 0, fmt.Errorf("no message from a server is of type %q", kind)
		}
	}
}

// asksToEncrypt reports whether a request is that for encryption.
func asksToEncrypt(request []byte) bool {
	if len(request) != 8 {
		return false
	}
	code := binary.BigEndian.Uint32(request[4:])
	return code == codeTLS || code == codeGSS
}

// waitsForPassword reports whether a message of authentication is a question.
func waitsForPassword(body []byte) (bool, error) {
	if len(body) < 4 {
		return false, errors.New("a message of authentication without its code")
	}
	const granted, saslFinal = 0, 12
	code := binary.BigEndian.Uint32(body)
	return code != granted && code != saslFinal, nil
}
