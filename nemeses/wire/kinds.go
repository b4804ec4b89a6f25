package wire

import (
	"fmt"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

// Family is the name of this family of faults.
const Family = "wire"

// length is how long most of these faults last: hundreds of messages, and short
// beside a run that has all of them.
const length = 1200 * time.Millisecond

var (
	words = []string{target.All, target.Leader}
	some  = map[string][2]int64{params.Percent: {5, 30}}
	most  = map[string][2]int64{params.Percent: {20, 100}}
)

// Kinds returns the kinds of this family.
func Kinds() []harness.FaultKind {
	var kinds []harness.FaultKind
	for _, t := range treatments() {
		kind := harness.FaultKind{
			Name: t.name, Doc: t.doc, Family: Family, Targets: words, Args: t.args,
			Nodes: max(1, t.nodes), Length: max(length, t.length), Available: t.available,
		}
		kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) { return newFault(t, f, w) }
		kinds = append(kinds, kind)
	}
	return kinds
}

// treatment is what a kind of fault does to messages.
type treatment struct {
	name, doc string
	// what says in evidence what was done to which messages.
	what string
	args map[string][2]int64
	// nodes and length are as in [harness.FaultKind], if above the usual.
	nodes  int
	length time.Duration
	// repeats is true if requests are delivered again.
	repeats bool
	// concerns selects the messages that may be treated.
	concerns func(Protocol, cluster.Message) bool
	// treat says what becomes of a message. False means that nothing does.
	treat func(patient) (cluster.Action, bool)
}

// patient is one message to treat.
type patient struct {
	cluster.Message
	args  params.Values
	draws *plan.Stream
	// others are the nodes besides the one the message is for or from.
	others []string
}

// available returns nil if messages of the system's clients can be treated so.
func (t treatment) available(s harness.System, config plan.Config) error {
	if _, err := find(s.Protocol()); err != nil {
		return err
	}
	if !t.repeats {
		return nil
	}
	d, promises := s.(harness.Deduplicator)
	if !promises || !slices.ContainsFunc(config.Workloads(), d.Deduplicates) {
		return fmt.Errorf("%s does not promise to do a request of workload %s once if it comes twice", s.Name(), config.Workload)
	}
	return nil
}

func treatments() []treatment {
	return []treatment{
		{
			name: "latency", what: "messages delayed", concerns: everything,
			doc:  "requests and replies are held for delay_ms and up to jitter_ms more",
			args: map[string][2]int64{"delay_ms": {5, 80}, "jitter_ms": {0, 60}}, treat: delay,
		},
		{
			name: "lost-ack", what: "replies swallowed", concerns: replies, args: some,
			doc:   "requests are answered, but the reply never reaches the client",
			treat: always(cluster.Action{Drop: true}),
		},
		{
			name: "lost-request", what: "requests swallowed", concerns: requests, args: some,
			doc:   "requests never reach the node, and nothing tells the client",
			treat: always(cluster.Action{Drop: true}),
		},
		{
			name: "duplicate", what: "requests with an Idempotency-Key delivered twice", repeats: true, concerns: repeatable, args: most,
			doc: "requests with an Idempotency-Key are delivered twice at once", treat: duplicate,
		},
		{
			name: "duplicate-late", what: "requests with an Idempotency-Key delivered again", repeats: true, concerns: repeatable,
			doc:  "requests with an Idempotency-Key are delivered again after_ms later",
			args: map[string][2]int64{params.Percent: {20, 100}, "after_ms": {500, 3000}},
			// The latest copies of the first messages arrive while it lasts.
			length: 3500 * time.Millisecond, treat: duplicateLate,
		},
		{
			name: "duplicate-elsewhere", what: "requests with an Idempotency-Key delivered to another node too",
			repeats: true, concerns: repeatable, args: most, nodes: 2,
			doc: "requests with an Idempotency-Key are delivered to another node too", treat: duplicateElsewhere,
		},
		{
			name: "reset-request", what: "connections reset instead of passing the request", concerns: requests, args: some,
			doc:   "connections are reset before the request reaches the node",
			treat: always(cluster.Action{Reset: true}),
		},
		{
			name: "reset-before-reply", what: "connections reset instead of passing the reply", concerns: replies, args: some,
			doc:   "requests are answered, but their connection is reset before the reply",
			treat: always(cluster.Action{Reset: true}),
		},
		{
			name: "reset-after", what: "connections reset after the reply", concerns: replies, args: some,
			doc:   "connections are reset just after a reply has passed",
			treat: always(cluster.Action{ResetAfter: true}),
		},
		{
			name: "truncate", what: "replies cut short", concerns: cuttable, args: some,
			doc: "replies break off somewhere in their middle, and their connection ends", treat: cut,
		},
		{
			name: "slow", what: "replies slowed down", concerns: backwards,
			doc:  "replies take as long as on a line of bytes_per_s",
			args: map[string][2]int64{"bytes_per_s": {2000, 20000}}, treat: slow,
		},
	}
}

func everything(Protocol, cluster.Message) bool { return true }

func backwards(_ Protocol, m cluster.Message) bool { return m.Reply }

// requests are what clients ask, and replies what answers that. Where messages
// are sent for other ends too, those are let be.
func requests(p Protocol, m cluster.Message) bool {
	c, some := p.(cluster.Correlator)
	return m.Framed && !m.Reply && (!some || c.Asks(m.Bytes))
}

func replies(p Protocol, m cluster.Message) bool {
	_, some := p.(cluster.Correlator)
	return m.Framed && m.Reply && (!some || len(m.Request) > 0)
}

func repeatable(p Protocol, m cluster.Message) bool {
	return m.Framed && !m.Reply && p.Repeatable(m.Bytes)
}

func cuttable(p Protocol, m cluster.Message) bool {
	return m.Framed && m.Reply && p.Cuttable(m.Request, m.Bytes)
}

func always(action cluster.Action) func(patient) (cluster.Action, bool) {
	return func(patient) (cluster.Action, bool) { return action, true }
}

func delay(p patient) (cluster.Action, bool) {
	jitter := p.draws.Between(0, int64(p.args.Milliseconds("jitter_ms")))
	held := p.args.Milliseconds("delay_ms") + time.Duration(jitter)
	return cluster.Action{Delay: held}, held > 0
}

func duplicate(patient) (cluster.Action, bool) {
	return cluster.Action{Copies: []cluster.Copy{{}}}, true
}

func duplicateLate(p patient) (cluster.Action, bool) {
	return cluster.Action{Copies: []cluster.Copy{{After: p.args.Milliseconds("after_ms")}}}, true
}

func duplicateElsewhere(p patient) (cluster.Action, bool) {
	if len(p.others) == 0 {
		return cluster.Action{}, false
	}
	return cluster.Action{Copies: []cluster.Copy{{To: plan.Pick(p.draws, p.others)}}}, true
}

func cut(p patient) (cluster.Action, bool) {
	last := int64(len(p.Bytes) - 1)
	return cluster.Action{Keep: int(p.draws.Between(1, last))}, last >= 1
}

func slow(p patient) (cluster.Action, bool) {
	held := time.Duration(len(p.Bytes)) * time.Second / time.Duration(max(1, p.args["bytes_per_s"]))
	return cluster.Action{Delay: held}, held > 0
}
