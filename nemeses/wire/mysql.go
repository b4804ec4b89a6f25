package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MySQL frames the protocol of MySQL and MariaDB
// (https://mariadb.com/kb/en/clientserver-protocol/).
//
// The server speaks first. A request is what it answers as one: the client's part
// of the handshake, a command with those before it that are never answered, or a
// whole file that a LOAD DATA LOCAL asked for. A reply ends where the server
// waits for the client. What was agreed on in the handshake is not remembered,
// but seen in each reply, but for one: where the description of a prepared
// statement ends that has either parameters or columns alone. That is not
// understood, and neither are encrypted and compressed connections, metadata
// that are left out, and streams of the binary log.
type MySQL struct{}

// Name returns "mysql".
func (MySQL) Name() string { return "mysql" }

// Greets is true.
func (MySQL) Greets() bool { return true }

// mysqlHead is the length of three bytes and the sequence number before each
// packet. One of the greatest length goes on in the next.
const (
	mysqlHead    = 4
	mysqlLongest = 1<<24 - 1
)

// Commands whose replies need a look of their own.
const (
	comQuery         = 0x03
	comFieldList     = 0x04
	comStatistics    = 0x09
	comChangeUser    = 0x11
	comBinlogDump    = 0x12
	comTableDump     = 0x13
	comStmtPrepare   = 0x16
	comStmtExecute   = 0x17
	comStmtLongData  = 0x18
	comStmtClose     = 0x19
	comStmtFetch     = 0x1c
	comBinlogDumpGTD = 0x1e
	comReset         = 0x1f // the last of those that are numbered on
	comStmtBulk      = 0xfa
	comMulti         = 0xfe
)

// What a client may say in the handshake that it is able to do.
const (
	canCompress     = 1 << 5
	canEncrypt      = 1 << 11
	canCompressZstd = 1 << 26
)

var (
	errMySQLCompressed = errors.New("the connection is compressed")
	errMySQLBinlog     = errors.New("a stream of the binary log")
	errMySQLMulti      = errors.New("several commands in one")
)

// mysqlPacket is one packet, which may have come in several parts.
type mysqlPacket struct {
	// body is its first part without the head.
	body []byte
	// first and last are the sequence numbers of its parts.
	first, last byte
	// long says that there is more than the body.
	long bool
}

// readMySQLPacket returns the packet that b begins with and its length, which is 0 if
// it is not yet whole.
func readMySQLPacket(b []byte) (mysqlPacket, int, error) {
	var p mysqlPacket
	for at := 0; ; {
		if len(b) < at+mysqlHead {
			return mysqlPacket{}, 0, nil
		}
		size := int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16
		number := b[at+3]
		switch {
		case at == 0:
			p.first = number
		case number != p.last+1:
			return mysqlPacket{}, 0, fmt.Errorf("a packet numbered %d after one numbered %d", number, p.last)
		case at+size > maxMessage:
			return mysqlPacket{}, 0, errMessageTooLarge
		}
		p.last = number
		end := at + mysqlHead + size
		if len(b) < end {
			return mysqlPacket{}, 0, nil
		}
		if at == 0 {
			p.body = b[mysqlHead:end]
		} else {
			p.long = true
		}
		at = end
		if size < mysqlLongest {
			return p, at, nil
		}
	}
}

// Request returns the length of the first request in sent.
//
// The number of its first packet tells what it is: commands begin at 0, what the
// client says of itself has an odd number, as it answers the server's, and a file
// begins at 2, behind the server's answer to the command that asked for it.
func (m MySQL) Request(sent []byte) (int, error) {
	p, n, err := readMySQLPacket(sent)
	if err != nil || n == 0 {
		return 0, err
	}
	switch p.first {
	case 0:
		return m.commands(sent)
	case 1:
		return m.introduction(p.body, n)
	case 2:
		return m.file(sent)
	default:
		return n, nil // an answer to a question for a password
	}
}

// introduction returns the length of a client's first packet, or an error if it
// makes the connection one that cannot be read; also if the server then does not
// agree to that.
func (MySQL) introduction(body []byte, n int) (int, error) {
	if len(body) < 4 {
		return 0, fmt.Errorf("an introduction of %d bytes", len(body))
	}
	switch able := binary.LittleEndian.Uint32(body); {
	case able&canEncrypt != 0:
		return 0, errEncrypted
	case able&(canCompress|canCompressZstd) != 0:
		return 0, errMySQLCompressed
	}
	return n, nil
}

// commands returns the length of the commands up to the first that is answered.
func (MySQL) commands(sent []byte) (int, error) {
	for at := 0; ; {
		p, n, err := readMySQLPacket(sent[at:])
		if err != nil || n == 0 {
			return 0, err
		}
		switch {
		case p.first != 0:
			return 0, fmt.Errorf("a command in a packet numbered %d", p.first)
		case len(p.body) == 0:
			return 0, errors.New("an empty command")
		}
		at += n
		switch p.body[0] {
		case comStmtLongData, comStmtClose: // never answered
		case comBinlogDump, comBinlogDumpGTD, comTableDump:
			return 0, errMySQLBinlog
		case comMulti:
			return 0, errMySQLMulti
		default:
			if p.body[0] > comReset && p.body[0] != comStmtBulk {
				return 0, fmt.Errorf("no command is numbered %d", p.body[0])
			}
			return at, nil
		}
	}
}

// file returns the length of the packets of a file, of which the last is empty.
func (MySQL) file(sent []byte) (int, error) {
	for at := 0; ; {
		p, n, err := readMySQLPacket(sent[at:])
		if err != nil || n == 0 {
			return 0, err
		}
		at += n
		if len(p.body) == 0 {
			return at, nil
		}
		if at > maxMessage {
			return 0, errMessageTooLarge
		}
	}
}

// mysqlCommand returns the last command of a request, with what it says.
func mysqlCommand(request []byte) (number byte, text []byte) {
	for len(request) > 0 {
		p, n, err := readMySQLPacket(request)
		if err != nil || n == 0 || len(p.body) == 0 {
			return 0, nil
		}
		number, text = p.body[0], p.body[1:]
		request = request[n:]
	}
	return number, text
}
