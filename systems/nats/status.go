package nats

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// report is what a server says of JetStream, as its monitoring does.
type report struct {
	Server string `json:"-"`
	Meta   *struct {
		Leader string
		Size   int `json:"cluster_size"`
	} `json:"meta_cluster"`
	Accounts []struct {
		Streams []streamReport `json:"stream_detail"`
	} `json:"account_details"`
}

type streamReport struct {
	Name    string
	Cluster *groupReport
	State   struct {
		Messages int64
		Last     int64 `json:"last_seq"`
	}
	Consumers []struct {
		Name    string
		Cluster *groupReport
	} `json:"consumer_detail"`
}

// groupReport is a group of replicas.
type groupReport struct {
	Leader   string
	Replicas []struct {
		Name    string
		Current bool
		Offline bool
		Lag     uint64
	}
}

// streams returns what a server says of each of its streams.
func (r report) streams() []streamReport {
	var all []streamReport
	for _, account := range r.Accounts {
		all = append(all, account.Streams...)
	}
	return all
}

// maxReport bounds what is read of a report.
const maxReport = 8 << 20

// askTimeout bounds one question of what a server does.
const askTimeout = 5 * time.Second

// lookAt asks a server, past every proxy, what it does.
func lookAt(ctx context.Context, node cluster.Node) (report, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r := report{Server: node.Name()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+node.Addr(monitorPort)+"/jsz?streams=true&consumers=true", nil)
	if err != nil {
		return r, fmt.Errorf("nats: %s: %w", node.Name(), err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return r, fmt.Errorf("nats: %s: %w", node.Name(), err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReport))
	if err != nil {
		return r, fmt.Errorf("nats: %s: %w", node.Name(), err)
	}
	if response.StatusCode != http.StatusOK {
		return r, fmt.Errorf("nats: %s: its monitoring says %s", node.Name(), response.Status)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("nats: %s: its report cannot be read: %w", node.Name(), err)
	}
	return r, nil
}

// Primary is the node that leads most streams, as those say that can be asked,
// and of several the first.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	if len(c.Nodes()) == 1 {
		return c.Nodes()[0].Name(), nil
	}
	leads := map[string]map[string]bool{}
	var errs []error
	for _, node := range c.Nodes() {
		if node.State() != cluster.Running {
			continue
		}
		r, err := lookAt(ctx, node)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, stream := range r.streams() {
			if g := stream.Cluster; g != nil && g.Leader == node.Name() {
				if leads[g.Leader] == nil {
					leads[g.Leader] = map[string]bool{}
				}
				leads[g.Leader][stream.Name] = true
			}
		}
	}
	best := ""
	for _, node := range c.Nodes() {
		if cmp.Compare(len(leads[node.Name()]), len(leads[best])) > 0 {
			best = node.Name()
		}
	}
	if best == "" {
		return "", errors.Join(append(errs, errors.New("nats: no node that can be asked leads a stream"))...)
	}
	return best, nil
}

// Settled returns nil once there is a leader of the cluster and of each stream and
// consumer, all replicas have as much as it, and it can be reached through every
// node.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	var reports []report
	for _, node := range c.Nodes() {
		r, err := lookAt(ctx, node)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	if err := settled(reports); err != nil {
		return err
	}
	return reachable(ctx, c, reports)
}

// reachable returns nil if every stream's leader answers what is published through
// any node. What servers say of leaders is out of date for some seconds after one
// has died. Each is asked to store a message in a stream that is not it, which it
// refuses.
func reachable(ctx context.Context, c cluster.Cluster, reports []report) error {
	subjects := map[string]string{}
	for _, r := range reports {
		for _, stream := range r.streams() {
			subjects[stream.Name] = subjectOf(stream.Name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	for _, node := range c.Nodes() {
		if err := reachableThrough(ctx, node, subjects); err != nil {
			return fmt.Errorf("nats: through %s: %w", node.Name(), err)
		}
	}
	return nil
}

func reachableThrough(ctx context.Context, node cluster.Node, subjects map[string]string) error {
	c := &client{addr: node.Addr(cluster.ClientPort)}
	defer c.Close()
	for stream, subject := range subjects {
		conn, err := c.connection(ctx)
		if err != nil {
			return err
		}
		reply, err := conn.RequestMsgWithContext(ctx, &nats.Msg{Subject: subject, Header: nats.Header{nats.ExpectedStreamHdr: {"none"}}})
		if err == nil {
			_, err = stored(reply)
		}
		if !is(err, otherStream) {
			return fmt.Errorf("the leader of stream %s cannot be asked: %v", stream, err)
		}
	}
	return nil
}

// subjectOf is a subject of a stream.
func subjectOf(stream string) string {
	kind, key, _ := strings.Cut(stream, "_")
	switch {
	case stream == bucketStream:
		return registerSubject("none")
	case stream == setStream:
		return setSubject("none")
	case kind == "queue":
		return queueSubject(key)
	}
	return logSubject(key)
}

// settled judges what all servers say.
func settled(reports []report) error {
	if len(reports) == 1 {
		return nil
	}
	states := map[string]streamReport{}
	seenAt := map[string]string{}
	for _, r := range reports {
		switch {
		case r.Meta == nil || r.Meta.Leader == "":
			return fmt.Errorf("nats: %s knows no leader of the cluster", r.Server)
		case r.Meta.Size != len(reports):
			return fmt.Errorf("nats: %s knows of %d servers", r.Server, r.Meta.Size)
		case r.Meta.Leader != reports[0].Meta.Leader:
			return fmt.Errorf("nats: %s says that %s leads, and %s that %s does",
				r.Server, r.Meta.Leader, reports[0].Server, reports[0].Meta.Leader)
		}
		for _, stream := range r.streams() {
			if err := stream.led(r.Server); err != nil {
				return err
			}
			if first, known := states[stream.Name]; known && first.State != stream.State {
				return fmt.Errorf("nats: %s has messages up to %d of stream %s, %d in all, and %s up to %d, %d in all",
					r.Server, stream.State.Last, stream.Name, stream.State.Messages,
					seenAt[stream.Name], first.State.Last, first.State.Messages)
			}
			states[stream.Name], seenAt[stream.Name] = stream, r.Server
		}
	}
	return nil
}

// led returns nil if a stream and its consumers have leaders, and replicas that
// are current as far as the server knows, which is said by the leader alone.
func (s streamReport) led(server string) error {
	group := func(what string, g *groupReport) error {
		if g == nil || g.Leader == "" {
			return fmt.Errorf("nats: %s knows no leader of %s", server, what)
		}
		for _, replica := range g.Replicas {
			if g.Leader == server && (replica.Offline || !replica.Current || replica.Lag > 0) {
				return fmt.Errorf("nats: %s, which leads %s, says that %s is behind", server, what, replica.Name)
			}
		}
		return nil
	}
	if err := group("stream "+s.Name, s.Cluster); err != nil {
		return err
	}
	for _, consumer := range s.Consumers {
		if err := group("consumer "+consumer.Name+" of "+s.Name, consumer.Cluster); err != nil {
			return err
		}
	}
	return nil
}
