package zookeeper

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// status is what a server says of itself.
type status struct {
	// mode is "leader", "follower", "observer" or "standalone".
	mode string
	// zxid is its last transaction, in hexadecimal.
	zxid string
}

var errNotServing = errors.New("the server does not serve: it has not found a majority")

const (
	// askTimeout bounds a question that has no deadline of its own.
	askTimeout = 2 * time.Second
	// maxStatus bounds what a server says of itself, in bytes.
	maxStatus = 64 << 10
)

// ask sends the command "srvr", one of ZooKeeper's four-letter words.
func ask(ctx context.Context, addr string) (status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return status{}, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return status{}, err
	}
	if _, err := io.WriteString(conn, "srvr"); err != nil {
		return status{}, err
	}
	text, err := io.ReadAll(io.LimitReader(conn, maxStatus))
	if err != nil {
		return status{}, err
	}
	return parseStatus(text)
}

func parseStatus(text []byte) (status, error) {
	var s status
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "Mode":
			s.mode = value
		case "Zxid":
			s.zxid = value
		}
	}
	switch {
	case s.mode != "" && s.zxid != "":
		return s, nil
	case bytes.Contains(text, []byte("not currently serving")):
		return status{}, errNotServing
	}
	return status{}, fmt.Errorf("the server says %q, which tells neither its mode nor its last transaction", text[:min(len(text), 80)])
}
