package workloads_test

import (
	"container/heap"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// simulation runs a plan against a service in virtual time. Requests and replies
// take a while, some are late, and some are lost.
type simulation struct {
	service  *service
	resolver harness.Resolver
	config   plan.Config
	net      *plan.Stream
	now      time.Duration
	queue    queue
	history  history.History
	process  []int
}

func simulate(p plan.Plan, w harness.Workload, s *service) *history.History {
	m := &simulation{
		service: s, resolver: w.Resolver(p.Config), config: p.Config,
		net: plan.NewStream(p.Seed, "test", "net"),
	}
	for worker := range p.Config.Workers {
		m.process = append(m.process, worker)
	}
	for _, phase := range []struct {
		name  string
		lanes [][]plan.Op
		loss  int64
	}{{"faults", p.Lanes, 30}, {"drain", p.Drain, 0}, {"final", p.Final, 0}} {
		m.phase(phase.name, phase.lanes, phase.loss)
	}
	return &m.history
}

func (m *simulation) record(e history.Event) {
	e.Index, e.Time = len(m.history.Events), m.now+time.Duration(len(m.history.Events))
	m.history.Events = append(m.history.Events, e)
}

// phase runs the lanes of a phase to their end.
func (m *simulation) phase(name string, lanes [][]plan.Op, loss int64) {
	m.record(history.Event{Kind: history.Phase, F: name, Process: history.NoProcess})
	began := m.now
	for worker, lane := range lanes {
		m.work(worker, lane, began, loss)
	}
	for m.queue.Len() > 0 {
		next := heap.Pop(&m.queue).(moment)
		m.now = next.at
		next.do()
	}
}

// after does something later.
func (m *simulation) after(wait time.Duration, do func()) {
	m.queue.made++
	heap.Push(&m.queue, moment{m.now + wait, m.queue.made, do})
}

// work does what is left of a lane.
func (m *simulation) work(worker int, lane []plan.Op, began time.Duration, loss int64) {
	if len(lane) == 0 {
		return
	}
	m.after(max(0, began+lane[0].At-m.now), func() {
		next := func() { m.work(worker, lane[1:], began, loss) }
		m.attempt(worker, m.resolver.Resolve(worker, lane[0]), lane[0].Retries, loss, next)
	})
}

// attempt invokes an operation, and again while its outcome is unknown and
// there are retries left.
func (m *simulation) attempt(worker int, op plan.Op, retries int, loss int64, next func()) {
	if op.Node == "" {
		op.Node = m.config.Nodes[worker%len(m.config.Nodes)]
	}
	event := history.Event{
		Kind: history.Invoke, Process: m.process[worker], F: op.F, Key: op.Key, Value: op.Value,
		Idem: op.Idem, Node: op.Node, Ref: op.Ref,
	}
	m.record(event)
	over := false
	complete := func(c harness.Completion) {
		if over {
			return
		}
		over = true
		event.Kind, event.Outcome, event.Value, event.Error = history.Complete, c.Outcome, c.Value, c.Error
		m.record(event)
		m.resolver.Observe(worker, op, c)
		if c.Outcome == history.Unknown {
			m.process[worker] += m.config.Workers
			if retries > 0 {
				m.attempt(worker, op, retries-1, loss, next)
				return
			}
		}
		next()
	}
	m.after(m.config.Timeout, func() { complete(harness.Completion{Error: "timeout"}) })
	there, back := m.latency(), m.latency()
	switch fate := m.net.Below(1000); {
	case fate < loss:
		return
	case fate < 2*loss:
		there += m.config.Timeout
	case fate < 3*loss:
		back += m.config.Timeout
	}
	m.after(there, func() {
		c := m.service.do(op)
		m.after(back, func() { complete(c) })
	})
}

func (m *simulation) latency() time.Duration {
	return time.Duration(m.net.Between(int64(100*time.Microsecond), int64(3*time.Millisecond)))
}

// moment is something to do at a time.
type moment struct {
	at    time.Duration
	order int
	do    func()
}

// queue is a heap of moments.
type queue struct {
	moments []moment
	made    int
}

func (q queue) Len() int { return len(q.moments) }
func (q queue) Less(i, j int) bool {
	a, b := q.moments[i], q.moments[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}
func (q queue) Swap(i, j int) { q.moments[i], q.moments[j] = q.moments[j], q.moments[i] }
func (q *queue) Push(x any)   { q.moments = append(q.moments, x.(moment)) }
func (q *queue) Pop() any {
	last := q.moments[len(q.moments)-1]
	q.moments = q.moments[:len(q.moments)-1]
	return last
}
