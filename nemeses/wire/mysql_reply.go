package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// How the packets of a server begin that are no rows.
const (
	saysOK    = 0x00
	saysMore  = 0x01 // of a password
	asksFile  = 0xfb
	saysEOF   = 0xfe // or asks for another kind of password
	saysError = 0xff
)

// What the server says of its state.
const (
	inTransaction = 1 << 0
	moreResults   = 1 << 3
	cursorExists  = 1 << 6
)

// mysqlEOFSize is the length of a packet that ends rows or columns. Where these have
// been agreed away an OK, which is longer, takes its place at the end of rows.
const mysqlEOFSize = 5

var errMySQLMetadata = errors.New("columns whose description is left out, or more than their number")

// Reply returns the length of the first reply in received.
func (MySQL) Reply(received, request []byte, _ bool) (int, error) {
	r := mysqlReader{rest: received}
	var err error
	switch {
	case len(request) == 0:
		err = r.greeting()
	case len(request) < mysqlHead:
		err = fmt.Errorf("a request of %d bytes", len(request))
	case request[3] == 0:
		command, _ := mysqlCommand(request)
		err = r.reply(command)
	case request[3] == 2: // a file
		err = r.results()
	default:
		err = r.admission()
	}
	switch {
	case errors.Is(err, errMySQLNotWhole):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return len(received) - len(r.rest), nil
}

// errMySQLNotWhole says that more has to come. It does not leave this file.
var errMySQLNotWhole = errors.New("the reply is not yet whole")

// mysqlReader reads the packets of a reply.
type mysqlReader struct {
	rest []byte
	// last is the number of the last packet, if there was one.
	last byte
	any  bool
}

// next returns the next packet, which has at least one byte.
func (r *mysqlReader) next() (mysqlPacket, error) {
	p, n, err := readMySQLPacket(r.rest)
	switch {
	case err != nil:
		return mysqlPacket{}, err
	case n == 0:
		return mysqlPacket{}, errMySQLNotWhole
	case r.any && p.first != r.last+1:
		return mysqlPacket{}, fmt.Errorf("a packet numbered %d after one numbered %d", p.first, r.last)
	case len(p.body) == 0:
		return mysqlPacket{}, errors.New("an empty packet from a server")
	}
	r.rest, r.last, r.any = r.rest[n:], p.last, true
	return p, nil
}

// greeting reads what the server says first.
func (r *mysqlReader) greeting() error {
	p, err := r.next()
	if err != nil {
		return err
	}
	const version = 10
	if p.body[0] != version && p.body[0] != saysError {
		return fmt.Errorf("version %d of the protocol", p.body[0])
	}
	return nil
}

// admission reads what the server says to one who introduces himself.
func (r *mysqlReader) admission() error {
	p, err := r.next()
	if err != nil {
		return err
	}
	switch p.body[0] {
	case saysOK, saysError, saysEOF:
		return nil
	case saysMore:
		// "fast authentication succeeded", and so the OK is next
		if len(p.body) == 2 && p.body[1] == 3 {
			return r.admission()
		}
		return nil
	}
	return fmt.Errorf("a packet of type %d in the handshake", p.body[0])
}

// reply reads what the server says to a command.
func (r *mysqlReader) reply(command byte) error {
	switch command {
	case comStatistics:
		_, err := r.next()
		return err
	case comChangeUser:
		return r.admission()
	case comStmtPrepare:
		return r.prepared()
	case comFieldList, comStmtFetch:
		_, err := r.rows()
		return err
	}
	return r.results()
}

// results reads the results of a query, each of which says whether there are
// more.
func (r *mysqlReader) results() error {
	for {
		state, err := r.result()
		if err != nil {
			return err
		}
		if state&moreResults == 0 {
			return nil
		}
	}
}

// result reads one result and returns the state of the server after it.
func (r *mysqlReader) result() (state uint16, err error) {
	p, err := r.next()
	if err != nil {
		return 0, err
	}
	switch {
	case p.body[0] == saysOK:
		ok, err := readMySQLOK(p)
		return ok.state, err
	case p.body[0] == saysError, p.body[0] == asksFile:
		return 0, nil
	case p.isEOF(): // in answer to commands that set something
		return p.eofState(), nil
	}
	columns, n, err := mysqlNumber(p.body)
	if err != nil {
		return 0, err
	}
	// MariaDB may add whether their description follows.
	if rest := string(p.body[n:]); rest != "" && rest != "\x01" {
		return 0, errMySQLMetadata
	}
	if err := r.columns(columns); err != nil {
		return 0, err
	}
	// An end of the columns, unless that was agreed away, which also says
	// whether the rows are left for later.
	if len(r.rest) < mysqlHead {
		return 0, errMySQLNotWhole
	}
	before := *r
	if p, err = r.next(); err != nil {
		return 0, err
	}
	if !p.isEOF() {
		*r = before
	} else if state := p.eofState(); state&cursorExists != 0 {
		return state, nil
	}
	return r.rows()
}

// rows reads rows and what ends them.
func (r *mysqlReader) rows() (state uint16, err error) {
	for {
		p, err := r.next()
		switch {
		case err != nil:
			return 0, err
		case p.body[0] == saysError:
			return 0, nil
		case p.isEOF():
			return p.eofState(), nil
		case p.body[0] == saysEOF && !p.long && len(p.body) < mysqlLongest:
			ok, err := readMySQLOK(p)
			return ok.state, err
		}
	}
}

// prepared reads the description of a prepared statement.
func (r *mysqlReader) prepared() error {
	p, err := r.next()
	if err != nil {
		return err
	}
	switch {
	case p.body[0] == saysError:
		return nil
	case p.body[0] != saysOK || len(p.body) < 9:
		return fmt.Errorf("a prepared statement is described by %d bytes that begin with %d", len(p.body), p.body[0])
	}
	columns, params := binary.LittleEndian.Uint16(p.body[5:]), binary.LittleEndian.Uint16(p.body[7:])
	switch {
	case columns == 0 && params == 0:
		return nil
	case columns == 0 || params == 0:
		return errors.New("a prepared statement with parameters or columns alone, whose description ends as was agreed on in the handshake")
	}
	if err := r.columns(uint64(params)); err != nil {
		return err
	}
	// If this is an end, there is one behind the columns too.
	before := *r
	if p, err = r.next(); err != nil {
		return err
	}
	if !p.isEOF() {
		*r = before
		return r.columns(uint64(columns))
	}
	if err := r.columns(uint64(columns)); err != nil {
		return err
	}
	if p, err = r.next(); err == nil && !p.isEOF() {
		err = errors.New("columns without an end")
	}
	return err
}

// columns reads the descriptions of so many columns.
func (r *mysqlReader) columns(n uint64) error {
	for range n {
		p, err := r.next()
		if err != nil {
			return err
		}
		if p.body[0] >= asksFile {
			return fmt.Errorf("a packet of type %d in place of a column", p.body[0])
		}
	}
	return nil
}

// isEOF reports whether a packet is one that ends rows or columns.
func (p mysqlPacket) isEOF() bool {
	return len(p.body) == mysqlEOFSize && p.body[0] == saysEOF
}

func (p mysqlPacket) eofState() uint16 { return binary.LittleEndian.Uint16(p.body[3:]) }

// mysqlOK is what an OK says.
type mysqlOK struct {
	affected uint64
	state    uint16
}

func readMySQLOK(p mysqlPacket) (mysqlOK, error) {
	body := p.body[1:]
	affected, n, err := mysqlNumber(body)
	if err != nil {
		return mysqlOK{}, err
	}
	_, m, err := mysqlNumber(body[n:])
	if err != nil {
		return mysqlOK{}, err
	}
	if len(body) < n+m+2 {
		return mysqlOK{}, errors.New("an OK without the state of the server")
	}
	return mysqlOK{affected, binary.LittleEndian.Uint16(body[n+m:])}, nil
}

// mysqlNumber reads a number that says by its first byte how long it is.
func mysqlNumber(b []byte) (value uint64, n int, err error) {
	if len(b) > 0 && b[0] < asksFile {
		return uint64(b[0]), 1, nil
	}
	if len(b) > 0 {
		n = map[byte]int{0xfc: 3, 0xfd: 4, 0xfe: 9}[b[0]]
	}
	if n == 0 || len(b) < n {
		return 0, 0, errors.New("a number that breaks off")
	}
	for i := n - 1; i > 0; i-- {
		value = value<<8 | uint64(b[i])
	}
	return value, n, nil
}
