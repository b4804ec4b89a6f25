package docker

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"sync/atomic"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker/agent"
)

// AgentArgument makes a program that is this package's Program an agent: it has
// to call [agent.Main] when it is its first argument.
const AgentArgument = "agent"

//go:embed image
var agentFiles embed.FS

// AgentImage is the image of agents: nothing but the program, which is this one
// if none is named.
func AgentImage(program string) (cluster.Image, error) {
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return cluster.Image{}, fmt.Errorf("finding this program, which is what agents run: %w", err)
		}
	}
	if err := static(program); err != nil {
		return cluster.Image{}, err
	}
	build, err := fs.Sub(agentFiles, "image")
	if err != nil {
		return cluster.Image{}, err
	}
	return cluster.Image{Name: "tertium/agent", Build: build, Files: map[string]string{"tertium": program}}, nil
}

// pod is what a node's container lives in: the agent's container, which has the
// network namespace, with its addresses and published ports. It goes on while
// the node ends and starts again, so that these never change.
type pod struct {
	id      string
	ip      string
	addrs   map[string]string // where the node's ports are published, by name
	control *agent.Control
	// closing is set before the pod is removed, so that the loss of its control
	// means nothing.
	closing atomic.Bool
	hangUp  func()
}

// open makes the pod of a node and starts its agent.
func (n *Node) openPod(ctx context.Context, image string) error {
	c := n.cluster
	labels := c.labels()
	labels[agentLabel] = n.Name()
	request := testcontainers.ContainerRequest{
		Image:          image,
		Name:           c.name() + "-" + n.Name() + "-agent",
		Labels:         labels,
		Networks:       []string{c.network},
		NetworkAliases: map[string][]string{c.network: {n.Name()}},
		Cmd:            []string{AgentArgument},
		ConfigModifier: func(config *container.Config) {
			config.Hostname = n.Name()
			config.OpenStdin, config.StdinOnce = true, true
		},
		HostConfigModifier: func(host *container.HostConfig) {
			host.CapDrop, host.CapAdd = []string{"ALL"}, []string{"NET_ADMIN"}
			host.PortBindings = network.PortMap{}
			for _, port := range n.exposed() {
				host.PortBindings[port] = []network.PortBinding{{HostIP: c.engine.bind}}
			}
		},
	}
	for _, port := range n.exposed() {
		request.ExposedPorts = append(request.ExposedPorts, port.String())
	}
	made, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: request, Logger: quiet{}})
	if err != nil {
		return fmt.Errorf("making its agent: %w", err)
	}
	n.pod.id = made.GetContainerID()
	if err := n.attach(ctx); err != nil {
		return fmt.Errorf("its agent: %w", err)
	}
	return n.locate(ctx)
}

// attach starts the agent and begins to speak to it.
func (n *Node) attach(ctx context.Context) error {
	api := n.cluster.engine.api
	stream, err := api.ContainerAttach(context.Background(), n.pod.id, client.ContainerAttachOptions{
		Stream: true, Stdin: true, Stdout: true, Stderr: true,
	})
	if err != nil {
		return fmt.Errorf("listening to it: %w", err)
	}
	n.pod.hangUp = stream.Close
	if _, err := api.ContainerStart(ctx, n.pod.id, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("starting it: %w", err)
	}
	said, out := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(out, writer{n.log}, stream.Reader)
		out.CloseWithError(errors.Join(err, io.EOF))
	}()
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	n.pod.control, err = agent.Dial(said, stream.Conn)
	return err
}

// locate learns the pod's address, and where the engine published its ports.
func (n *Node) locate(ctx context.Context) error {
	seen, err := n.cluster.engine.api.ContainerInspect(ctx, n.pod.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("looking for its addresses: %w", err)
	}
	settings := seen.Container.NetworkSettings
	if settings == nil || settings.Networks[n.cluster.network] == nil {
		return errors.New("the engine gave it no address")
	}
	n.pod.ip = settings.Networks[n.cluster.network].IPAddress.String()
	n.pod.addrs = map[string]string{}
	for name, number := range n.ports {
		port, _ := network.PortFrom(number, network.TCP)
		bindings := settings.Ports[port]
		if len(bindings) == 0 {
			return fmt.Errorf("the engine did not publish its port %q", name)
		}
		n.pod.addrs[name] = net.JoinHostPort(n.cluster.engine.host, bindings[0].HostPort)
	}
	return nil
}

// closePod lets the agent heal and forgets it. The container is removed with all
// others.
func (n *Node) closePod() {
	n.pod.closing.Store(true)
	if n.pod.hangUp != nil {
		n.pod.hangUp()
	}
}
