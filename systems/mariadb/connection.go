package mariadb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// connection is one to a server. The driver is used without the pool of
// database/sql, which would do a statement again on another connection after an
// error.
type connection struct {
	addr string
	conn session // nil until there is one
}

// session is what the driver's connections are.
type session interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	driver.Validator
}

// errNeverSent says that there was no connection to send anything on.
var errNeverSent = errors.New("not-sent")

// open opens the connection, anew if it has ended.
func (c *connection) open(ctx context.Context) error {
	if c.conn != nil && c.conn.IsValid() {
		return nil
	}
	c.close()
	config := mysql.NewConfig()
	config.User, config.DBName = "tertium", "tertium"
	config.Net, config.Addr = "tcp", c.addr
	config.InterpolateParams = true // one round trip a statement
	config.CheckConnLiveness = false
	config.ClientFoundRows = true
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("%w: %w", errNeverSent, err)
	}
	opened, err := connector.Connect(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errNeverSent, err)
	}
	conn, ok := opened.(session)
	if !ok {
		return errors.Join(fmt.Errorf("%w: the driver's connection is a %T", errNeverSent, opened), opened.Close())
	}
	c.conn = conn
	return nil
}

// close gives up the connection.
func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close() // the server learns of it in any case
		c.conn = nil
	}
}

// exec does a statement and returns how many rows it found or changed.
func (c *connection) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := c.conn.ExecContext(ctx, statement, values(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query does a statement and returns its rows.
func (c *connection) query(ctx context.Context, statement string, args ...any) (found [][]driver.Value, err error) {
	rows, err := c.conn.QueryContext(ctx, statement, values(args))
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	for {
		row := make([]driver.Value, len(rows.Columns()))
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		// The driver uses the memory of a row again.
		for i, value := range row {
			if b, ok := value.([]byte); ok {
				row[i] = string(b)
			}
		}
		found = append(found, row)
	}
}

func values(args []any) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	return named
}

// text is a value of a row as text.
func text(value driver.Value) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	}
	return "", fmt.Errorf("%w: there is %v where text was expected", errBadReply, value)
}

// number is a value of a row as a number.
func number(value driver.Value) (int64, error) {
	switch v := value.(type) {
	case int64:
		return v, nil
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%w: there is %v, which nobody wrote", errBadReply, value)
}

// errBadReply says that nobody understands what a server answered.
var errBadReply = errors.New("bad-reply")
