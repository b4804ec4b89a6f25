package nemeses_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The test binary is also the program that the nodes of the tests run.
const role = "TERTIUM_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(role) == "node" {
		fmt.Fprintln(os.Stderr, newNode(os.Args[1:]).serve())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// node is a small server. It writes the key of each request to its log before
// it answers, and tells its peers all the time that it is there.
type node struct {
	name, client, peer, log string
	peers                   map[string]string

	mu    sync.Mutex
	heard map[string]int
}

// newNode reads arguments such as client=HOST:PORT and n2=HOST:PORT.
func newNode(args []string) *node {
	n := &node{peers: map[string]string{}, heard: map[string]int{}}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "name":
			n.name = value
		case "client":
			n.client = value
		case "peer":
			n.peer = value
		case "data":
			n.log = filepath.Join(value, "log")
		default:
			n.peers[name] = value
		}
	}
	return n
}

func (n *node) serve() error {
	clients, peers := http.NewServeMux(), http.NewServeMux()
	clients.HandleFunc("POST /add", n.add)
	clients.HandleFunc("GET /log", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, n.log) })
	clients.HandleFunc("GET /heard/{from}", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		fmt.Fprint(w, n.heard[r.PathValue("from")])
	})
	peers.HandleFunc("POST /here/{from}", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.heard[r.PathValue("from")]++
	})
	for _, addr := range n.peers {
		go n.tell(addr)
	}
	failed := make(chan error)
	go func() { failed <- http.ListenAndServe(n.peer, peers) }()
	go func() { failed <- http.ListenAndServe(n.client, clients) }()
	return <-failed
}

func (n *node) add(w http.ResponseWriter, r *http.Request) {
	file, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(file, r.Header.Get("Idempotency-Key"))
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "this was added")
}

// tell tells a peer for ever, and keeps its connection as long as it lives.
func (n *node) tell(addr string) {
	client := http.Client{Timeout: 50 * time.Millisecond}
	for range time.Tick(5 * time.Millisecond) {
		reply, err := client.Post("http://"+addr+"/here/"+n.name, "", nil)
		if err == nil {
			io.Copy(io.Discard, reply.Body)
			reply.Body.Close()
		}
	}
}
