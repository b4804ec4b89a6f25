// Command testnode is a small server for the tests of package docker, and the
// agent beside it.
//
//	testnode agent
//	testnode DATA LISTEN NAME=ADDR...   a node with those peers
//
// A node is asked a line at a time:
//
//	keep TEXT        appends TEXT to a file in DATA and flushes it
//	kept             answers with what was kept
//	tell NAME LINE   asks LINE of a peer, and answers what that answers
//	say TEXT         says TEXT on its standard output
//	end              ends with exit code 7
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/cluster/docker/agent"
)

func main() {
	if os.Args[1] == docker.AgentArgument {
		os.Exit(agent.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr))
	}
	if os.Args[1] == "crash" {
		fmt.Fprintln(os.Stderr, "panic: everything is lost")
		os.Exit(7)
	}
	n := node{file: filepath.Join(os.Args[1], "kept"), peers: map[string]string{}}
	for _, arg := range os.Args[3:] {
		name, addr, _ := strings.Cut(arg, "=")
		n.peers[name] = addr
	}
	fmt.Println("hello")
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		fmt.Println("goodbye")
		os.Exit(0)
	}()
	for _, addr := range strings.Split(os.Args[2], ",") {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		go n.serve(l)
	}
	select {}
}

type node struct {
	file  string
	peers map[string]string
}

func (n node) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for r := bufio.NewScanner(c); r.Scan(); {
				answer, err := n.answer(r.Text())
				if err != nil {
					answer = "error: " + err.Error()
				}
				fmt.Fprintln(c, strings.ReplaceAll(answer, "\n", ","))
			}
		}()
	}
}

func (n node) answer(line string) (string, error) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "keep":
		f, err := os.OpenFile(n.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return "", err
		}
		defer f.Close()
		if _, err := fmt.Fprintln(f, rest); err != nil {
			return "", err
		}
		return "ok", f.Sync()
	case "kept":
		text, err := os.ReadFile(n.file)
		return strings.TrimSpace(string(text)), err
	case "say":
		fmt.Println(rest)
		return "ok", nil
	case "end":
		os.Exit(7)
	case "tell":
		name, line, _ := strings.Cut(rest, " ")
		c, err := net.DialTimeout("tcp", n.peers[name], time.Second)
		if err != nil {
			return "", err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
			return "", err
		}
		fmt.Fprintln(c, line)
		answer, err := bufio.NewReader(c).ReadString('\n')
		return strings.TrimSpace(answer), err
	}
	return word, nil
}
