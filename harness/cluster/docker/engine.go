package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"sync"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// Labels of everything that a run makes in the engine.
const (
	// RunLabel has the token of the run.
	RunLabel = "dev.tertium.run"
	// nodeLabel has the name of the node, on its container and its volume.
	nodeLabel = "dev.tertium.node"
	// agentLabel has the name of the node, on the container of its agent.
	agentLabel = "dev.tertium.agent"
)

// engine is the Docker Engine, by way of testcontainers-go where that has what
// is needed, and of the client below it where it has not: it cannot pause, kill
// or attach.
type engine struct {
	provider *testcontainers.DockerProvider
	api      client.APIClient
	// host is where published ports are reached, and bind the address of the
	// engine's machine that they are bound to.
	host string
	bind netip.Addr
}

// quiet keeps testcontainers-go from writing to the terminal.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

var settle sync.Once

// connect returns the engine that the environment names, as the docker command
// finds it.
func connect(ctx context.Context) (*engine, error) {
	// Before the first use: testcontainers-go reads its settings once. Its own
	// reaper is an image that cannot be had everywhere, and does what the
	// journal does.
	settle.Do(func() {
		if _, chosen := os.LookupEnv("TESTCONTAINERS_RYUK_DISABLED"); !chosen {
			os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
		}
		log.SetDefault(quiet{})
	})
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quiet{}))
	if err != nil {
		return nil, fmt.Errorf("no Docker Engine answers: %w; start it, or name it with DOCKER_HOST", err)
	}
	e := &engine{provider: provider, api: provider.Client()}
	// testcontainers-go takes another engine where the one that was asked for is
	// not there.
	if asked := os.Getenv("DOCKER_HOST"); asked != "" && asked != e.api.DaemonHost() {
		return nil, errors.Join(fmt.Errorf("there is no Docker Engine at %s, which DOCKER_HOST names", asked), provider.Close())
	}
	if _, err := e.api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, errors.Join(fmt.Errorf("the Docker Engine at %s does not answer: %w; start it, or name another with DOCKER_HOST",
			e.api.DaemonHost(), err), provider.Close())
	}
	if err := e.locate(); err != nil {
		return nil, errors.Join(err, provider.Close())
	}
	return e, nil
}

// locate finds where published ports are reached. Those of an engine on this
// machine are bound to loopback.
func (e *engine) locate() error {
	at, err := url.Parse(e.api.DaemonHost())
	if err != nil {
		return fmt.Errorf("the Docker Engine's address %q: %w", e.api.DaemonHost(), err)
	}
	e.host, e.bind = "127.0.0.1", netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if at.Scheme == "tcp" || at.Scheme == "http" || at.Scheme == "https" {
		e.host, e.bind = at.Hostname(), netip.IPv4Unspecified()
	}
	if host := os.Getenv("TESTCONTAINERS_HOST_OVERRIDE"); host != "" {
		e.host = host
	}
	return nil
}

func (e *engine) close() error { return e.provider.Close() }

// ofRun selects what a run made.
func ofRun(token string) client.Filters {
	return client.Filters{}.Add("label", RunLabel+"="+token)
}
