// Package cluster says what a system under test runs on: nodes, and the links
// between them, as interfaces. The folders below it implement them, one a
// runtime.
package cluster

import (
	"context"
	"fmt"
	"io/fs"
	"time"
)

// Client is the place that all client connections come from, as the From of a
// [Link].
const Client = "client"

// Runtime is a way to run nodes: child processes, containers.
type Runtime interface {
	// Name is how users name it: "local", "docker".
	Name() string
	// Open makes the places for the nodes, and every link between them, and
	// starts no node. What it makes is journaled first.
	Open(ctx context.Context, specs []Spec, options Options) (Cluster, error)
}

// Options are what a runtime needs besides the nodes.
type Options struct {
	// Dir is the folder under which each node gets nodes/<name>/ for its logs.
	// Data of the nodes goes elsewhere and is removed by Close.
	Dir string
	// Framer finds the messages in the connections that clients open; nil
	// leaves them as streams of chunks.
	Framer Framer
	// Journal is told of each thing that must not outlive the run.
	Journal Journal
	// Disks gives every node a disk of the harness's own, so that it can have
	// faults: each is then [Disked].
	Disks bool
}

// Journal remembers what has to be undone if the harness dies. An entry is
// durable before Record returns.
type Journal interface {
	Record(entry Entry) (id int64, err error)
	// Done says that the entry has been undone.
	Done(id int64) error
}

// Entry is one thing to undo.
type Entry struct {
	// Kind names who can undo it: "process", "folder", "container".
	Kind string `json:"kind"`
	// Name identifies the thing to its kind.
	Name string `json:"name"`
	// Detail guards against undoing another thing of the same name, such as the
	// start time of a process beside its number.
	Detail string `json:"detail,omitempty"`
}

// Spec says how a node is started.
type Spec struct {
	// Name is unique in the cluster and fit for a host name: "n1".
	Name string
	// Ports are the names of the ports that the node listens on. Clients use
	// "client".
	Ports []string
	// Peers are the nodes that it opens connections to, each on the peer's
	// port "peer". Each becomes a directed link of its own.
	Peers []string
	// Command returns the command that runs the node in its place. It is
	// called at every start.
	Command func(Place) Command
	// Ready reports whether the node serves, asked again and again until it
	// does. Nil means a node is ready once it accepts connections on "client".
	Ready func(ctx context.Context, addr string) error
	// Image is what the node runs in where nodes are containers. Nil means that
	// it can only be a process.
	Image *Image
}

// Image is the image of a container.
type Image struct {
	// Name is a reference, such as "redis:7.4", of an image to be used as it is
	// if there is no Build, and otherwise the repository of the image built,
	// "tertium/redis". Its tag is then made of what it is built from.
	Name string
	// Build is a folder with a Dockerfile in it.
	Build fs.FS
	// Files are put beside the Dockerfile: paths of this machine, by the name
	// that each gets there. All can be run there.
	Files map[string]string
	// Late returns further ones that are made only when the image is built, such
	// as a program that has to be compiled; nil if there are none.
	Late func() (map[string]string, error)
	// Data is where the image keeps its data; empty means [DefaultData].
	Data string
}

// DefaultData is where containers keep their data unless their image says
// otherwise.
const DefaultData = "/data"

// Place is where a node runs.
type Place struct {
	// Container is true in a container, where programs are those of its image.
	Container bool
	// Data is the node's own folder. It survives kill and restart.
	Data string
	// Listen maps each of the node's ports to the host:port to bind. It is the
	// same at every start.
	Listen map[string]string
	// Dial maps each peer to the host:port at which this node, and no other,
	// reaches it: the near end of the link.
	Dial map[string]string
}

// Command is a program with its arguments.
type Command struct {
	Path string
	Args []string
	// Env is added to the harness's own environment.
	Env []string
}

// Cluster is a set of places, with nodes in them that run or do not.
type Cluster interface {
	// Nodes are in the order of the specs.
	Nodes() []Node
	// Node returns the node of that name, or nil.
	Node(name string) Node
	// Links are all directed links: from [Client] to each node, and from each
	// node to each of its peers.
	Links() []Link
	// Link returns the link between the two, or nil.
	Link(from, to string) Link
	// Close ends everything that the cluster made; logs stay. It is safe to
	// call twice.
	Close() error
}

// Node is one node of the system under test. Its methods may be called from
// several goroutines at once.
type Node interface {
	Name() string
	// Addr is the host:port of the node's own port, past every proxy: for
	// looking at the node, never for operations.
	Addr(port string) string
	// Start starts it, with the data it had, and returns once it is ready.
	Start(ctx context.Context) error
	// Stop asks it to end and waits; past the context it is killed.
	Stop(ctx context.Context) error
	// Kill ends it at once, as kill -9 does, and returns once it is gone.
	Kill() error
	// Pause stops it in its tracks, as SIGSTOP does; Resume lets it go on.
	Pause() error
	Resume() error
	// State is what the operating system says of it now, not what was asked.
	State() State
	// Data is the host folder that holds its data, for disk faults; empty if
	// the runtime has none.
	Data() string
	// Exits are all its ends so far.
	Exits() []Exit
}

// Troubled is a Cluster that can tell what went wrong with the runtime itself, so
// that faults may not have been what they seemed.
type Troubled interface {
	Trouble() []string
}

// Imaged is a Node that runs from an image.
type Imaged interface {
	// Image is the image's reference with its digest.
	Image() string
}

// State is the state of a node.
type State uint8

const (
	// Down: no process.
	Down State = iota
	// Running: a process that may run.
	Running
	// Paused: a process that is stopped.
	Paused
)

// String returns "down", "running" or "paused".
func (s State) String() string {
	switch s {
	case Running:
		return "running"
	case Paused:
		return "paused"
	}
	return "down"
}

// Exit is one end of a node.
type Exit struct {
	// Time is when the end was seen, counted from the cluster's opening.
	Time time.Duration `json:"time_ns"`
	// Code is the exit code, or -1 after a signal.
	Code int `json:"code"`
	// Signal is the signal that ended it, if one did.
	Signal string `json:"signal,omitempty"`
	// Asked is true when the harness asked for the end.
	Asked bool `json:"asked"`
}

// String tells it as a log does: "signal killed, as asked".
func (e Exit) String() string {
	text := fmt.Sprintf("exit code %d", e.Code)
	if e.Signal != "" {
		text = "signal " + e.Signal
	}
	if e.Asked {
		return text + ", as asked"
	}
	return text
}
