package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// askTimeout bounds the questions to a node, which may be paused.
const askTimeout = 500 * time.Millisecond

// What servers say of their role.
const (
	rolePrimary = "master"
	roleReplica = "slave"
	// linkUp is the state of a replica's link to its primary.
	linkUp = "connected"
)

// view is what a node says of itself.
type view struct {
	node string
	// addr is where the other nodes find it.
	addr string
	role string
	// offset is how far its stream of writes goes.
	offset int64
	// upstream and link are a replica's.
	upstream, link string
	// sentinel is what the Sentinel beside it says; nil if there is none.
	sentinel *opinion
	err      error
}

// opinion is what a Sentinel says of the primary that it watches.
type opinion struct {
	primary string
	epoch   int64
	// flags are "master" if nothing is the matter.
	flags string
	// replicas and others are how many replicas and other Sentinels it knows.
	replicas, others string
}

// lookAt asks all nodes at once, past every proxy.
func lookAt(ctx context.Context, nodes []cluster.Node) []view {
	views := make([]view, len(nodes))
	done := make(chan struct{})
	for i, node := range nodes {
		go func() {
			views[i] = look(ctx, node)
			done <- struct{}{}
		}()
	}
	for range nodes {
		<-done
	}
	return views
}

func look(ctx context.Context, node cluster.Node) view {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	v := view{node: node.Name()}
	if v.err = v.askServer(ctx, node.Addr(cluster.ClientPort)); v.err != nil {
		v.err = fmt.Errorf("node %s: %w", v.node, v.err)
		return v
	}
	if addr := node.Addr(sentinelPort); addr != "" {
		if v.sentinel, v.err = askSentinel(ctx, addr); v.err != nil {
			v.err = fmt.Errorf("the Sentinel of node %s: %w", v.node, v.err)
		}
	}
	return v
}

var errRole = errors.New("its answer to ROLE is not understood")

// askServer asks for the role, which is told as ["master", offset, replicas] or
// as ["slave", host, port, link, offset].
func (v *view) askServer(ctx context.Context, addr string) error {
	c := connect(addr, terms{})
	defer c.Close()
	announced, err := c.redis.ConfigGet(ctx, "replica-announce-*").Result()
	if err != nil {
		return err
	}
	v.addr = net.JoinHostPort(announced["replica-announce-ip"], announced["replica-announce-port"])
	role, err := c.redis.Do(ctx, "ROLE").Slice()
	if err != nil {
		return err
	}
	if len(role) < 3 {
		return errRole
	}
	v.role, _ = role[0].(string)
	switch {
	case v.role == rolePrimary:
		v.offset, _ = role[1].(int64)
		return nil
	case v.role != roleReplica || len(role) < 5:
		return errRole
	}
	host, _ := role[1].(string)
	port, _ := role[2].(int64)
	v.upstream = net.JoinHostPort(host, strconv.FormatInt(port, 10))
	v.link, _ = role[3].(string)
	v.offset, _ = role[4].(int64)
	return nil
}

// monitored is the name under which Sentinels watch the primary.
const monitored = "tertium"

func askSentinel(ctx context.Context, addr string) (*opinion, error) {
	c := connect(addr, terms{})
	defer c.Close()
	words, err := c.redis.Do(ctx, "SENTINEL", "MASTER", monitored).Slice()
	if err != nil {
		return nil, err
	}
	says := map[string]string{}
	for i := 0; i+1 < len(words); i += 2 {
		name, _ := words[i].(string)
		says[name], _ = words[i+1].(string)
	}
	epoch, err := strconv.ParseInt(says["config-epoch"], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("its answer has no epoch: %w", err)
	}
	return &opinion{
		primary: net.JoinHostPort(says["ip"], says["port"]), epoch: epoch,
		flags: says["flags"], replicas: says["num-slaves"], others: says["num-other-sentinels"],
	}, nil
}

// primary returns the node that is primary, or "".
func primary(views []view) (string, error) {
	var named []string
	var errs []error
	latest := &opinion{epoch: -1}
	for _, v := range views {
		errs = append(errs, v.err)
		if v.role == rolePrimary {
			named = append(named, v.node)
		}
		if v.sentinel != nil && v.sentinel.epoch > latest.epoch {
			latest = v.sentinel
		}
	}
	if len(named) == 1 {
		return named[0], nil
	}
	for _, v := range views {
		if v.role == rolePrimary && v.addr == latest.primary {
			return v.node, nil
		}
	}
	if len(named) > 0 {
		return "", nil // and no Sentinel to ask
	}
	return "", errors.Join(errs...)
}

// settled says what the nodes still differ in.
func settled(views []view) error {
	var lead *view
	for i, v := range views {
		switch {
		case v.err != nil:
			return v.err
		case v.role == rolePrimary && lead != nil:
			return fmt.Errorf("both %s and %s say that they are primary", lead.node, v.node)
		case v.role == rolePrimary:
			lead = &views[i]
		}
	}
	if lead == nil {
		return errors.New("no node says that it is primary")
	}
	// Of a replica that follows it, an offset says how much of the primary's own
	// stream it has. The primary's goes on to grow a little by itself.
	for _, v := range views {
		switch {
		case v.role == roleReplica && (v.upstream != lead.addr || v.link != linkUp):
			return fmt.Errorf("the link of %s to %s is %q, and %s is primary at %s", v.node, v.upstream, v.link, lead.node, lead.addr)
		case v.role == roleReplica && v.offset < lead.offset:
			return fmt.Errorf("%s has %d of the %d bytes that %s has written", v.node, v.offset, lead.offset, lead.node)
		}
	}
	others := strconv.Itoa(len(views) - 1)
	for _, v := range views {
		switch s := v.sentinel; {
		case s == nil:
		case s.primary != lead.addr:
			return fmt.Errorf("the Sentinel of %s says that %s is primary, and that is %s at %s", v.node, s.primary, lead.node, lead.addr)
		case s.flags != rolePrimary:
			return fmt.Errorf("the Sentinel of %s says of the primary: %s", v.node, s.flags)
		case s.replicas != others || s.others != others:
			return fmt.Errorf("the Sentinel of %s knows %s replicas and %s other Sentinels, and there are %s", v.node, s.replicas, s.others, others)
		}
	}
	return nil
}
