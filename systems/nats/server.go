package nats

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/queue"
)

// monitorPort is where a server tells about itself over HTTP.
const monitorPort = "monitor"

// start is the script that becomes the server.
//
//go:embed start.sh
var start string

func command(program string, p cluster.Place, config string) cluster.Command {
	return cluster.Command{Path: "/bin/sh", Args: []string{"-c", start, "start.sh", program, p.Data, config}}
}

// serverConfig is the configuration of one server.
func serverConfig(name string, nodes []string, s settings, p cluster.Place) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("server_name: %s", name)
	line("listen: %q", p.Listen[cluster.ClientPort])
	line("http: %q", p.Listen[monitorPort])
	line("jetstream {")
	line("  store_dir: %q", p.Data+"/jetstream")
	line("  max_memory_store: 256MB")
	line("  max_file_store: 4GB")
	if s.always {
		line("  sync_interval: always")
	}
	line("}")
	if len(nodes) == 1 {
		return b.String()
	}
	line("cluster {")
	line("  name: tertium")
	line("  listen: %q", p.Listen[cluster.PeerPort])
	// Nodes know each other by what the harness told them, and by nothing else:
	// what one told another would lead past the links.
	line("  no_advertise: true")
	if !p.Container {
		line(`  advertise: "127.0.0.1:1"`)
	}
	line("  routes: [")
	for _, peer := range nodes {
		if peer != name {
			line("    %q", "nats://"+p.Dial[peer])
		}
	}
	line("  ]")
	line("}")
	return b.String()
}

// Names of streams, consumers and subjects.
const (
	consumerName = "takers"
	setStream    = "sets"
	bucketStream = "KV_registers"
)

func queueStream(key string) string     { return "queue_" + key }
func queueSubject(key string) string    { return "queue." + key }
func logStream(key string) string       { return "stream_" + key }
func logSubject(key string) string      { return "stream." + key }
func setSubject(key string) string      { return "set." + key }
func registerSubject(key string) string { return "$KV.registers." + key }

// streamConfig is a stream as the API has it.
type streamConfig struct {
	Name        string   `json:"name"`
	Subjects    []string `json:"subjects"`
	Retention   string   `json:"retention"`
	Storage     string   `json:"storage"`
	Replicas    int      `json:"num_replicas"`
	AllowDirect bool     `json:"allow_direct,omitempty"`
	PerSubject  int      `json:"max_msgs_per_subject,omitempty"`
	Discard     string   `json:"discard"`
}

// consumerConfig is a consumer as the API has it.
type consumerConfig struct {
	Name          string        `json:"durable_name"`
	DeliverPolicy string        `json:"deliver_policy"`
	ReplayPolicy  string        `json:"replay_policy"`
	AckPolicy     string        `json:"ack_policy"`
	AckWait       time.Duration `json:"ack_wait"`
	MaxDeliver    int           `json:"max_deliver"`
	MaxAckPending int           `json:"max_ack_pending"`
}

// ask is a request of the API.
type ask struct {
	subject string
	body    any
}

// redelivery is when a message that was not acknowledged comes again, if it may
// come twice.
const redelivery = time.Second

// streamsFor are the requests that make what the workloads of a config need. Each
// can be made again.
func streamsFor(config plan.Config, s settings) []ask {
	var asks []ask
	stream := func(c streamConfig) {
		c.Storage, c.Replicas, c.Discard = s.storage, s.replicas, "old"
		asks = append(asks, ask{"STREAM.CREATE." + c.Name, c})
	}
	keys := max(1, config.Keys)
	for _, workload := range config.Workloads() {
		switch workload {
		case "queue":
			wait := redelivery
			if s.delivery == queue.ExactlyOnce {
				wait += config.Timeout // by when nobody can acknowledge it any more
			}
			for i := range keys {
				key := "q" + strconv.Itoa(i)
				stream(streamConfig{Name: queueStream(key), Subjects: []string{queueSubject(key)}, Retention: "workqueue"})
				asks = append(asks, ask{"CONSUMER.DURABLE.CREATE." + queueStream(key) + "." + consumerName, map[string]any{
					"stream_name": queueStream(key),
					"config": consumerConfig{
						Name: consumerName, DeliverPolicy: "all", ReplayPolicy: "instant", AckPolicy: "explicit",
						AckWait: wait, MaxDeliver: -1, MaxAckPending: -1,
					},
				}})
			}
		case "stream":
			for i := range keys {
				key := "p" + strconv.Itoa(i)
				stream(streamConfig{Name: logStream(key), Subjects: []string{logSubject(key)}, Retention: "limits", AllowDirect: true})
			}
		case "set":
			stream(streamConfig{Name: setStream, Subjects: []string{setSubject("*")}, Retention: "limits", AllowDirect: true})
		case "register":
			stream(streamConfig{Name: bucketStream, Subjects: []string{registerSubject("*")}, Retention: "limits", PerSubject: 1})
		}
	}
	return asks
}

// readyOnceMade is ready for a server that is to be asked for streams the first
// time it is started.
func readyOnceMade(asks []ask) func(context.Context, string) error {
	var made atomic.Int64
	return func(ctx context.Context, addr string) error {
		c := &client{addr: addr}
		defer c.Close()
		if _, err := c.connection(ctx); err != nil {
			return err
		}
		for n := made.Load(); n < int64(len(asks)); n = made.Add(1) {
			body, err := json.Marshal(asks[n].body)
			if err != nil {
				return err
			}
			if _, err := c.api(ctx, asks[n].subject, body); err != nil {
				return fmt.Errorf("%s: %w", asks[n].subject, err)
			}
		}
		return nil
	}
}
