package mosquitto

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func config(options ...string) plan.Config {
	c := plan.Config{System: "mosquitto", Workload: "queue", Runtime: "docker", Keys: 2, Options: map[string]string{}}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		c.Options[name] = value
	}
	System{}.Defaults(&c)
	return c
}

func TestNodes(t *testing.T) {
	specs, err := System{}.Nodes(config("qos=2", "persistence=changes"))
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	args := specs[0].Command(cluster.Place{Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001"}}).Args
	require.Equal(t, []string{"start.sh", "0.0.0.0", "7001", "/data", "2", "q0", "q1", "--"}, args[2:10])
	require.Contains(t, args, "autosave_on_changes true")
	for option, says := range map[string]string{
		"qos=3":           `option qos is "3"`,
		"persistence=yes": `option persistence is "yes"`,
		"resend=often":    `option resend is "often"`,
	} {
		_, err := System{}.Nodes(config(option))
		require.ErrorContains(t, err, says)
	}
	c := config()
	c.Nodes = []string{"n1", "n2"}
	_, err = System{}.Nodes(c)
	require.ErrorContains(t, err, "2 nodes were asked for")
	require.Equal(t, "at-most-once", config("qos=0").Options["delivery"])
	require.Empty(t, config().Options["delivery"])
	require.Equal(t, "at-least-once", config("qos=0", "delivery=at-least-once").Options["delivery"])
}

// broker takes connections and does with each what its turn says; sessions are
// there from the second connection on.
func broker(t *testing.T, turns ...func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := packets.ReadPacket(c); err == nil && i < len(turns) {
				welcome := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
				welcome.SessionPresent = i > 0
				_ = welcome.Write(c)
				turns[i](c)
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

// expect reads a packet of that kind.
func expect[P packets.ControlPacket](c net.Conn) (P, bool) {
	p, err := packets.ReadPacket(c)
	if err != nil {
		var none P
		return none, false
	}
	got, ok := p.(P)
	return got, ok
}

func answer(c net.Conn, kind byte, id uint16) {
	p := packets.NewControlPacket(kind)
	switch p := p.(type) {
	case *packets.PubackPacket:
		p.MessageID = id
	case *packets.PubrecPacket:
		p.MessageID = id
	case *packets.PubrelPacket:
		p.MessageID = id
	case *packets.PubcompPacket:
		p.MessageID = id
	}
	_ = p.Write(c)
}

func deliver(c net.Conn, quality byte, payload string) {
	m := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	m.TopicName, m.Qos, m.MessageID, m.Payload = "queue/q0", quality, 9, []byte(payload)
	_ = m.Write(c)
}

// hang waits until the client gives up.
func hang(c net.Conn) {
	for {
		if _, err := packets.ReadPacket(c); err != nil {
			return
		}
	}
}

func TestWhatIsMadeOfAnswers(t *testing.T) {
	swallow := func(c net.Conn) { expect[*packets.PublishPacket](c) }
	ack := func(c net.Conn) {
		if m, ok := expect[*packets.PublishPacket](c); ok {
			answer(c, packets.Puback, m.MessageID)
			hang(c)
		}
	}
	enqueue := harness.Invocation{F: "enqueue", Key: "q0", Value: int64(5)}
	dequeue := harness.Invocation{F: "dequeue", Key: "q0"}
	for name, test := range map[string]struct {
		options []string
		op      harness.Invocation
		turns   []func(net.Conn)
		outcome history.Outcome
		value   any
		says    string
	}{
		"enqueue":                 {nil, enqueue, []func(net.Conn){ack}, history.OK, nil, ""},
		"enqueue without end":     {nil, enqueue, []func(net.Conn){hang}, history.Unknown, nil, "timeout"},
		"enqueue of quality 0":    {[]string{"qos=0"}, enqueue, []func(net.Conn){hang}, history.OK, nil, ""},
		"enqueue that breaks off": {nil, enqueue, []func(net.Conn){swallow, ack}, history.Unknown, nil, "no-reply"},
		"enqueue again": {[]string{"resend=on"}, enqueue, []func(net.Conn){swallow, func(c net.Conn) {
			if m, ok := expect[*packets.PublishPacket](c); ok && m.Dup {
				answer(c, packets.Puback, m.MessageID)
				hang(c)
			}
		}}, history.OK, nil, ""},
		"enqueue of quality 2, released again": {[]string{"resend=on", "qos=2"}, enqueue, []func(net.Conn){
			func(c net.Conn) {
				if m, ok := expect[*packets.PublishPacket](c); ok {
					answer(c, packets.Pubrec, m.MessageID)
					expect[*packets.PubrelPacket](c)
				}
			},
			func(c net.Conn) {
				if m, ok := expect[*packets.PubrelPacket](c); ok {
					answer(c, packets.Pubcomp, m.MessageID)
					hang(c)
				}
			},
		}, history.OK, nil, ""},
		"no broker for it": {nil, enqueue, nil, history.Fail, nil, "not-sent"},
		"dequeue": {nil, dequeue, []func(net.Conn){func(c net.Conn) {
			deliver(c, 1, "7")
			expect[*packets.PubackPacket](c)
			expect[*packets.PingreqPacket](c)
			answer(c, packets.Pingresp, 0)
			hang(c)
		}}, history.OK, int64(7), ""},
		"dequeue of nothing": {nil, dequeue, []func(net.Conn){hang}, history.Fail, nil, "empty"},
		"dequeue that was not confirmed": {nil, dequeue, []func(net.Conn){func(c net.Conn) {
			deliver(c, 1, "7")
			expect[*packets.PubackPacket](c)
		}}, history.OK, int64(7), ""},
		"dequeue, exactly once, that was not confirmed": {[]string{"delivery=exactly-once", "qos=2"}, dequeue, []func(net.Conn){func(c net.Conn) {
			deliver(c, 2, "7")
			expect[*packets.PubrecPacket](c)
		}}, history.Unknown, nil, "no-reply"},
		"dequeue, exactly once": {[]string{"delivery=exactly-once", "qos=2"}, dequeue, []func(net.Conn){func(c net.Conn) {
			deliver(c, 2, "7")
			if m, ok := expect[*packets.PubrecPacket](c); ok {
				answer(c, packets.Pubrel, m.MessageID)
				hang(c)
			}
		}}, history.OK, int64(7), ""},
		"an operation that is unknown": {nil, harness.Invocation{F: "peek"}, nil, history.Fail, nil, "not-sent"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := System{}.Open("n1", broker(t, test.turns...), config(test.options...))
			require.NoError(t, err)
			defer c.Close()
			limit := 30 * time.Second
			if test.says == "timeout" {
				limit = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			got := c.Invoke(ctx, test.op)
			require.Equal(t, test.outcome, got.Outcome, got.Error)
			require.Equal(t, test.value, got.Value)
			require.True(t, strings.HasPrefix(got.Error, test.says), got.Error)
		})
	}
}

// A session that the broker has forgotten would take the message twice.
func TestASessionThatIsForgotten(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := packets.ReadPacket(c); err == nil {
				_ = packets.NewControlPacket(packets.Connack).Write(c)
				expect[*packets.PublishPacket](c)
			}
			c.Close()
		}
	}()
	c, err := System{}.Open("n1", l.Addr().String(), config("resend=on", "qos=2"))
	require.NoError(t, err)
	defer c.Close()
	got := c.Invoke(t.Context(), harness.Invocation{F: "enqueue", Key: "q0", Value: int64(5)})
	require.Equal(t, history.Unknown, got.Outcome)
	require.Contains(t, got.Error, "forgotten")
}

// What the client makes of a real broker.
func TestRealBroker(t *testing.T) {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("SKIP: there is no " + program + " on PATH")
		}
	}
	for _, qos := range []string{"1", "2"} {
		t.Run("quality "+qos, func(t *testing.T) {
			cfg := config("qos="+qos, "delivery=exactly-once")
			cfg.Runtime = "local"
			specs, err := System{}.Nodes(cfg)
			require.NoError(t, err)
			c, err := local.Runtime{}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, c.Close()) })
			require.NoError(t, c.Node("n1").Start(t.Context()))
			client, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), cfg)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, client.Close()) })
			do := func(f, key string, value any) harness.Completion {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				return client.Invoke(ctx, harness.Invocation{F: f, Key: key, Value: value})
			}
			ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
			require.Equal(t, "empty", do("dequeue", "q0", nil).Error)
			for n := range int64(5) {
				require.Equal(t, ok(nil), do("enqueue", "q0", n))
			}
			require.Equal(t, ok(nil), do("enqueue", "q1", int64(9)))
			require.Equal(t, ok(int64(0)), do("dequeue", "q0", nil))
			require.Equal(t, ok([]any{int64(1), int64(2), int64(3), int64(4)}), do("drain", "q0", nil))
			require.Equal(t, ok([]any{}), do("drain", "q0", nil))
			require.Equal(t, ok([]any{int64(9)}), do("drain", "q1", nil))
		})
	}
}
