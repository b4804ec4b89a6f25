package postgres

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// answer is what a fake server says to a statement, before it is ready for the
// next. A nil one never comes, and an empty one is the end of the connection.
type answer []pgproto3.BackendMessage

// tagged is the answer to a statement that returns no rows.
func tagged(tag string) answer {
	return answer{&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, &pgproto3.NoData{}, &pgproto3.CommandComplete{CommandTag: []byte(tag)}}
}

// column is a column of an answer with what its rows hold, as text.
type column struct {
	oid    uint32
	values []string
}

// The types of columns.
const (
	boolOID, bigOID, textOID, listOID = 16, 20, 25, 1016
)

// table is the answer to a query.
func table(columns ...column) answer {
	fields := &pgproto3.RowDescription{}
	var rows []pgproto3.BackendMessage
	for i, c := range columns {
		fields.Fields = append(fields.Fields, pgproto3.FieldDescription{Name: []byte("c"), DataTypeOID: c.oid, TypeModifier: -1})
		for row, value := range c.values {
			if i == 0 {
				rows = append(rows, &pgproto3.DataRow{})
			}
			data := rows[row].(*pgproto3.DataRow)
			data.Values = append(data.Values, []byte(value))
		}
	}
	all := append(answer{&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, fields}, rows...)
	return append(all, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
}

// number is the answer to a query of one number.
func number(value string) answer { return table(column{bigOID, []string{value}}) }

// refusal is an error.
func refusal(code string) answer {
	return answer{&pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: "no"}}
}

// warned is an answer with a warning before it.
func warned(a answer) answer {
	return append(answer{&pgproto3.NoticeResponse{
		Severity: "WARNING", SeverityUnlocalized: "WARNING", Code: "01000",
		Message: "canceling wait for synchronous replication due to user request",
	}}, a...)
}

var (
	none     = tagged("SELECT 0")
	inserted = tagged("INSERT 0 1")
	hangs    = answer(nil)
	ends     = answer{}
)

// fake is a server that answers each statement by the first words it knows.
type fake struct {
	answers map[string]answer

	mu sync.Mutex
	// said are the statements that came, and dialed how many connections did.
	said   []string
	dialed int
}

// serve starts a fake server. It knows what begins and ends transactions.
func serve(t *testing.T, answers map[string]answer) (f *fake, addr string) {
	t.Helper()
	f = &fake{answers: answers}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.dialed++
			f.mu.Unlock()
			go f.converse(c)
		}
	}()
	return f, l.Addr().String()
}

// heard are the statements that came, by their first words.
func (f *fake) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.said...)
}

// connections counts those that came.
func (f *fake) connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dialed
}

// to returns the answer to a statement.
func (f *fake) to(sql string) answer {
	for prefix, a := range f.answers {
		if strings.HasPrefix(sql, prefix) {
			f.hear(prefix)
			return a
		}
	}
	word, _, _ := strings.Cut(sql, " ")
	f.hear(word)
	switch word {
	case "BEGIN", "COMMIT", "ROLLBACK":
		return answer{&pgproto3.CommandComplete{CommandTag: []byte(word)}}
	}
	return refusal("42601")
}

func (f *fake) hear(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.said = append(f.said, what)
}

func (f *fake) converse(c net.Conn) {
	defer c.Close()
	b := pgproto3.NewBackend(c, c)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if b.Flush() != nil {
		return
	}
	status, sql := byte('I'), ""
	for {
		m, err := b.Receive()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *pgproto3.Terminate:
			return
		case *pgproto3.Parse:
			sql = m.Query
			continue
		case *pgproto3.Query:
			sql = m.String
		case *pgproto3.Sync:
		default:
			continue
		}
		said := f.to(sql)
		if said == nil {
			continue
		}
		if len(said) == 0 {
			return
		}
		_, simple := m.(*pgproto3.Query)
		for _, part := range said {
			switch part := part.(type) {
			case *pgproto3.ErrorResponse:
				if status == 'T' {
					status = 'E'
				}
			case *pgproto3.CommandComplete:
				switch string(part.CommandTag) {
				case "BEGIN":
					status = 'T'
				case "COMMIT", "ROLLBACK":
					status = 'I'
				}
			case *pgproto3.ParseComplete, *pgproto3.BindComplete, *pgproto3.NoData:
				if simple {
					continue
				}
			}
			b.Send(part)
		}
		if _, row := said[len(said)-1].(*pgproto3.DataRow); row {
			_ = b.Flush() // an answer that breaks off
			return
		}
		b.Send(&pgproto3.ReadyForQuery{TxStatus: status})
		if b.Flush() != nil {
			return
		}
	}
}
