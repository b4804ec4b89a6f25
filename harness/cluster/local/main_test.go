package local_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the program that the nodes run, and the harness that
// is killed: what it is depends on this variable.
const role = "TERTIUM_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "node":
		runNode()
	case "harness":
		runHarness()
	default:
		fmt.Fprintln(os.Stderr, "no such role")
		os.Exit(2)
	}
}

// runNode is a small server. It is told by its arguments what to be like:
//
//	listen=HOST:PORT   serve there (any number of times)
//	dial=HOST:PORT     what "peer TEXT" passes TEXT on to
//	crash              end with exit code 7 before it listens
//	deaf               never listen
//	stubborn           ignore SIGTERM
//	family             begin a child of its own, that sleeps, and say its number
//	runaway            the same, and the child leaves the process group
//	own                share no port, as servers do that lack SO_REUSEADDR
func runNode() {
	peer := ""
	var config net.ListenConfig
	var addrs []string
	fmt.Println("node says hello", os.Getpid())
	for _, arg := range os.Args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "listen":
			addrs = append(addrs, value)
		case "dial":
			peer = value
		case "crash":
			fmt.Fprintln(os.Stderr, "panic: everything is lost")
			os.Exit(7)
		case "deaf":
			time.Sleep(time.Hour)
		case "stubborn":
			signal.Ignore(syscall.SIGTERM)
		case "family", "runaway":
			child := exec.Command("sleep", "3600")
			child.SysProcAttr = &syscall.SysProcAttr{Setsid: name == "runaway"}
			if err := child.Start(); err != nil {
				panic(err)
			}
			begun = child.Process.Pid
		case "own":
			config.Control = func(_, _ string, c syscall.RawConn) error {
				return c.Control(func(fd uintptr) {
					syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
				})
			}
		}
	}
	for _, addr := range addrs {
		l, err := config.Listen(context.Background(), "tcp", addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		go serve(l, peer)
	}
	select {}
}

func serve(l net.Listener, peer string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for r := bufio.NewScanner(c); r.Scan(); {
				fmt.Fprintln(c, answer(r.Text(), peer))
			}
		}()
	}
}

// begun is the number of the process that this node began.
var begun int

// answer does one request: "pid", "child", "keep TEXT" and "kept" use the node's folder,
// "say TEXT" its log, "exit" ends it, "peer TEXT" asks its peer.
func answer(request, peer string) string {
	word, text, _ := strings.Cut(request, " ")
	switch word {
	case "pid":
		return fmt.Sprint(os.Getpid())
	case "child":
		return fmt.Sprint(begun)
	case "keep":
		if err := os.WriteFile("kept", []byte(text), 0o600); err != nil {
			return err.Error()
		}
		return "done"
	case "kept":
		kept, _ := os.ReadFile(filepath.Join(".", "kept"))
		return string(kept)
	case "say":
		fmt.Println(text)
		return "done"
	case "exit":
		os.Exit(5)
	case "peer":
		reply, err := ask(peer, text)
		if err != nil {
			return "error: " + err.Error()
		}
		return reply
	}
	return "what?"
}

// ask makes one request on a connection of its own.
func ask(addr, request string) (string, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(c, request); err != nil {
		return "", err
	}
	reply, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSuffix(reply, "\n"), err
}
