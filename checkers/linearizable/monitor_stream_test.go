package linearizable

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// machine is an object that does one operation at a time.
type machine interface {
	// invoke draws an operation.
	invoke(r *rand.Rand) (f string, input any)
	// apply does it.
	apply(f string, input any) (output any, outcome history.Outcome)
}

type registerMachine struct {
	held any
	next int64
}

func (m *registerMachine) invoke(r *rand.Rand) (string, any) {
	m.next++
	switch r.IntN(4) {
	case 0:
		return "write", m.next
	case 1:
		return "cas", []any{m.held, m.next}
	}
	return "read", nil
}

func (m *registerMachine) apply(f string, input any) (any, history.Outcome) {
	switch f {
	case "read":
		return m.held, history.OK
	case "write":
		m.held = input
		return nil, history.OK
	}
	pair := input.([]any)
	if pair[0] != m.held {
		return m.held, history.Fail
	}
	m.held = pair[1]
	return nil, history.OK
}

type queueMachine struct {
	held []any
	next int64
}

func (m *queueMachine) invoke(r *rand.Rand) (string, any) {
	if len(m.held) < 20 && r.IntN(2) == 0 {
		m.next++
		return "enqueue", m.next
	}
	return "dequeue", nil
}

func (m *queueMachine) apply(f string, input any) (any, history.Outcome) {
	if f == "enqueue" {
		m.held = append(m.held, input)
		return nil, history.OK
	}
	if len(m.held) == 0 {
		return nil, history.OK
	}
	first := m.held[0]
	m.held = m.held[1:]
	return first, history.OK
}

type setMachine struct{ held map[any]bool }

func (m *setMachine) invoke(r *rand.Rand) (string, any) {
	return []string{"add", "remove", "contains"}[r.IntN(3)], r.Int64N(50)
}

func (m *setMachine) apply(f string, input any) (any, history.Outcome) {
	was := m.held[input]
	switch f {
	case "add":
		m.held[input] = true
		return !was, history.OK
	case "remove":
		delete(m.held, input)
	}
	return was, history.OK
}

type counterMachine struct{ sum int64 }

func (m *counterMachine) invoke(r *rand.Rand) (string, any) {
	return []string{"increment", "read"}[r.IntN(2)], nil
}

func (m *counterMachine) apply(f string, _ any) (any, history.Outcome) {
	if f == "read" {
		return m.sum, history.OK
	}
	m.sum++
	return nil, history.OK
}

// logMachine is read now and then, as reads are as long as the log.
type logMachine struct {
	held []any
	next int64
}

func (m *logMachine) invoke(r *rand.Rand) (string, any) {
	if r.IntN(10) == 0 {
		return "read", nil
	}
	m.next++
	return "append", m.next
}

func (m *logMachine) apply(f string, input any) (any, history.Outcome) {
	if f == "append" {
		m.held = append(m.held, input)
		return nil, history.OK
	}
	return m.held[:len(m.held):len(m.held)], history.OK
}

type mutexMachine struct{ held bool }

func (m *mutexMachine) invoke(*rand.Rand) (string, any) {
	return map[bool]string{false: "acquire", true: "release"}[m.held], nil
}

func (m *mutexMachine) apply(f string, _ any) (any, history.Outcome) {
	if m.held == (f == "acquire") {
		return nil, history.Fail
	}
	m.held = !m.held
	return nil, history.OK
}

// stream makes the events of clients that use machines, one by one.
type stream struct {
	r             *rand.Rand
	machines      []machine
	clients       []*client
	unknown       float64
	next, process int
	unanswered    int
	event         history.Event
}

type client struct {
	process, key  int
	f             string
	input, output any
	outcome       history.Outcome
	state         int
}

func newStream(seed uint64, clients, keys int, unknown float64, fresh func() machine) *stream {
	s := &stream{r: rand.New(rand.NewPCG(seed, 5)), unknown: unknown, clients: make([]*client, clients)}
	for i := range s.clients {
		s.clients[i] = &client{process: i}
	}
	s.process = clients
	for range keys {
		s.machines = append(s.machines, fresh())
	}
	return s
}

// observe returns the next event, which is valid until the one after it.
func (s *stream) observe() *history.Event {
	for {
		c := s.clients[s.r.IntN(len(s.clients))]
		e := &s.event
		*e = history.Event{Index: s.next, Time: time.Duration(s.next), Process: c.process, Kind: history.Invoke}
		switch c.state {
		case 0:
			c.key = s.r.IntN(len(s.machines))
			c.f, c.input = s.machines[c.key].invoke(s.r)
			e.F, e.Value = c.f, c.input
		case 1:
			c.output, c.outcome = s.machines[c.key].apply(c.f, c.input)
			c.state++
			continue
		case 2:
			e.Kind, e.F, e.Value, e.Outcome = history.Complete, c.f, c.output, c.outcome
			if c.outcome == history.Fail {
				e.Error = "mismatch"
			}
			if s.r.Float64() < s.unknown {
				e.Outcome, e.Value, e.Error = history.Unknown, nil, "timeout"
				s.unanswered++
				c.process, s.process = s.process, s.process+1
			}
			c.state = -1
		}
		e.Key = fmt.Sprint("k", c.key)
		c.state++
		s.next++
		return e
	}
}

func machines() map[string]func() machine {
	return map[string]func() machine{
		"cas-register": func() machine { return &registerMachine{} },
		"queue":        func() machine { return &queueMachine{} },
		"set":          func() machine { return &setMachine{held: map[any]bool{}} },
		"counter":      func() machine { return &counterMachine{} },
		"log":          func() machine { return &logMachine{} },
		"mutex":        func() machine { return &mutexMachine{} },
	}
}

// TestMonitorIsBounded lets twenty clients do many operations, and bounds what
// the monitor holds by the clients, the state of the objects and the operations
// whose outcome is unknown.
func TestMonitorIsBounded(t *testing.T) {
	for name, fresh := range machines() {
		for _, unknown := range []float64{0, 0.001} {
			t.Run(fmt.Sprint(name, ", unknown ", unknown), func(t *testing.T) {
				t.Parallel()
				const clients, keys = 20, 5
				operations := 100_000
				if name == "log" {
					operations = 10_000
				}
				m, err := NewMonitor(named(t, name, Options{}))
				require.NoError(t, err)
				s := newStream(seedOf(name), clients, keys, unknown, fresh)
				for range 2 * operations {
					require.False(t, m.Observe(s.observe()), "%+v", m.Report().Cause)
				}
				report := m.Report()
				require.Equal(t, verdict.Valid, report.Verdict, report.Cause)
				require.LessOrEqual(t, m.most, 12*clients+keys*60+3*s.unanswered)
				t.Log(report.Judged, "operations,", s.unanswered, "unanswered;", m.most, "entries at most")
			})
		}
	}
}

// TestMonitorStops bounds what a monitor may hold.
func TestMonitorStops(t *testing.T) {
	m, err := NewMonitor(named(t, "queue", Options{}), Entries(100))
	require.NoError(t, err)
	for i := range 400 {
		e := history.Event{Index: i, Kind: history.Invoke, F: "enqueue", Value: int64(i / 2)}
		if i%2 == 1 {
			e.Kind, e.Outcome = history.Complete, history.OK
		}
		require.False(t, m.Observe(&e))
	}
	report := m.Report()
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Equal(t, "more than 100 entries would have to be held; judge the history afterwards", report.Cause)
}

// BenchmarkMonitor judges what twenty clients do to ten objects, with one outcome
// in a thousand unknown.
func BenchmarkMonitor(b *testing.B) {
	for name, fresh := range machines() {
		b.Run(name, func(b *testing.B) {
			operations := 200_000
			if name == "log" {
				operations = 20_000
			}
			s := newStream(1, 20, 10, 0.001, fresh)
			events := make([]history.Event, 2*operations)
			for i := range events {
				events[i] = *s.observe()
			}
			for b.Loop() {
				m, err := NewMonitor(named(b, name, Options{}))
				require.NoError(b, err)
				for i := range events {
					if m.Observe(&events[i]) {
						b.Fatal(m.Report().Cause)
					}
				}
			}
			b.ReportMetric(float64(operations)*float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}
