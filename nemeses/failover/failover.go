package failover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/life"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

// Family is that of the faults of processes: no two of them at a time.
const Family = "process"

const (
	// stayArg is how long clients go on with the old leader after it is cut off.
	stayArg = "stay_ms"
	// fencedArg is 1 if the old leader is killed before another is promoted, and
	// 0 if it goes on beside that one.
	fencedArg = "fenced"
)

// Kinds returns the kinds of this family.
func Kinds() []harness.FaultKind {
	kind := harness.FaultKind{
		Name: "failover",
		Doc: "the leader is cut off from the other nodes and an operator promotes one of those; clients go on with the old one" +
			" for stay_ms, which is killed after the promotion (fenced=0) or before it (fenced=1)",
		Family: Family, Targets: []string{target.Leader}, Args: map[string][2]int64{stayArg: {1000, 3000}, fencedArg: {0, 1}},
		Nodes: 2, Length: 3 * time.Second, OptIn: true, Available: promotable,
	}
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		args, err := params.Read(f, kind.Args)
		if err != nil {
			return nil, err
		}
		promoter, ok := w.System().(harness.Promoter)
		if !ok {
			return nil, errNobody
		}
		if f.Target != target.Leader {
			return nil, fmt.Errorf("failover can only be put on %q, not on %q", target.Leader, f.Target)
		}
		if args.Milliseconds(stayArg) > f.For {
			return nil, fmt.Errorf("failover: %s is %d and the fault lasts %v: give it at least as long, as with for=%v",
				stayArg, args[stayArg], f.For, args.Milliseconds(stayArg))
		}
		return &failover{
			world: w, promoter: promoter, salt: f.Salt, stay: args.Milliseconds(stayArg), fenced: args[fencedArg] != 0,
		}, nil
	}
	return []harness.FaultKind{kind}
}

// errNobody says why a system has no failover of this kind.
var errNobody = errors.New("its nodes decide by themselves who leads, or none does")

// promotable returns nil if there is somebody to promote, and a link to cut.
func promotable(s harness.System, config plan.Config) error {
	if _, ok := s.(harness.Promoter); !ok {
		return errNobody
	}
	specs, err := s.Nodes(config)
	if err != nil {
		return fmt.Errorf("asking %s for its nodes: %w", s.Name(), err)
	}
	for _, spec := range specs {
		if len(spec.Peers) > 0 {
			return nil
		}
	}
	return errors.New("its nodes open no connections to each other")
}

var _ harness.Fault = (*failover)(nil)

// failover is one failover.
type failover struct {
	world    harness.World
	promoter harness.Promoter
	salt     uint64
	stay     time.Duration
	fenced   bool

	// lost counts what was lost on the links that were cut, and done the
	// operations that were completed since, until the old leader was dead.
	lost, done atomic.Int64

	mu sync.Mutex
	// old was cut off, deposed is whether another may lead in its place, and
	// killed whether it was seen dead.
	old             cluster.Node
	deposed, killed bool
	// promoted is who leads now.
	promoted string
	removes  []func()
}

// Inject cuts the leader off, and promotes another node before or after it has
// killed it.
func (f *failover) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, f.world, target.Leader, f.salt)
	if err != nil {
		return fmt.Errorf("failover: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.old = nodes[0]
	if err := f.cut(); err != nil {
		return err
	}
	stop := f.world.Watch(func(e history.Event) {
		if e.Outcome == history.OK {
			f.done.Add(1)
		}
	})
	defer stop()
	steps := []func(context.Context) error{f.promote, f.wait, f.kill}
	if f.fenced {
		steps = []func(context.Context) error{f.wait, f.kill, f.promote}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return fmt.Errorf("failover: %w", err)
		}
	}
	return nil
}

// cut loses all that goes from the old leader to other nodes or back.
func (f *failover) cut() error {
	for _, link := range f.world.Cluster().Links() {
		if link.From() != cluster.Client && (link.From() == f.old.Name() || link.To() == f.old.Name()) {
			f.removes = append(f.removes, link.Add(silence{&f.lost}))
		}
	}
	if len(f.removes) == 0 {
		return fmt.Errorf("failover: there is no link between %s and another node to cut", f.old.Name())
	}
	return nil
}

// promote has one of the other nodes lead: the first in an order of the salt's
// that the system accepts.
func (f *failover) promote(ctx context.Context) error {
	var errs []error
	nodes := f.world.Cluster().Nodes()
	for _, i := range plan.NewStream(f.salt, "failover", "promote").Shuffled(len(nodes)) {
		if nodes[i].Name() == f.old.Name() {
			continue
		}
		f.deposed = true // for all that is known, even if there is an error
		err := f.promoter.Promote(ctx, f.world.Cluster(), nodes[i].Name())
		if err == nil {
			f.promoted = nodes[i].Name()
			return nil
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("nobody was promoted: %w", errors.Join(errs...))
}

// wait lets clients go on.
func (f *failover) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(f.stay):
		return nil
	}
}

// kill ends the old leader.
func (f *failover) kill(context.Context) error {
	_, err := life.Kill([]cluster.Node{f.old})
	f.killed = err == nil
	return err
}

// Heal joins the nodes again and starts the old leader, which has to find out
// that it leads no more. It is killed first if it still runs though another may
// lead: two that see each other and both lead are nobody's failover.
func (f *failover) Heal(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.old == nil {
		return nil
	}
	var errs []error
	if f.deposed && !f.killed {
		errs = append(errs, f.kill(ctx))
	}
	for _, remove := range f.removes {
		remove()
	}
	errs = append(errs, life.Revive(ctx, []cluster.Node{f.old}))
	return errors.Join(errs...)
}

// Evidence counts the promotions: one, or none.
func (f *failover) Evidence() harness.Evidence {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.promoted == "" {
		return harness.Evidence{What: "nobody was promoted"}
	}
	order := "which was killed after that"
	if f.fenced {
		order = "which was killed before that"
	}
	return harness.Evidence{
		Count: 1, Where: []string{f.old.Name(), f.promoted},
		What: fmt.Sprintf("%s was promoted in place of %s, %s; %d operations succeeded meanwhile, and %d messages between them were lost",
			f.promoted, f.old.Name(), order, f.done.Load(), f.lost.Load()),
	}
}

// silence is the rule of a link on which nothing gets through.
type silence struct{ lost *atomic.Int64 }

// Dial leaves a connection unanswered.
func (s silence) Dial() cluster.Action {
	s.lost.Add(1)
	return cluster.Action{Drop: true}
}

// Judge loses a message.
func (s silence) Judge(cluster.Message) cluster.Action {
	s.lost.Add(1)
	return cluster.Action{Drop: true}
}
