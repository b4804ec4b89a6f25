package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// ErrSetup marks errors of a run whose system or faults could not be set up:
// they say nothing about the system's promises.
var ErrSetup = errors.New("the system could not be set up")

// Test is all that a run needs.
type Test struct {
	Plan     plan.Plan
	System   System
	Workload Workload
	// Kinds are the kinds of faults that the plan may name.
	Kinds   []FaultKind
	Runtime cluster.Runtime
	// Framer knows the protocol of the system's clients; nil if none does.
	Framer cluster.Framer
	// Journal remembers what to undo if the harness dies.
	Journal cluster.Journal
	// Dir is the run's folder: nodes/<name>/ gets the logs.
	Dir string
	// History is the folder that the history is recorded in.
	History string
	// Stop, when closed, ends the main phases early: faults are healed and what
	// happened is read back.
	Stop <-chan struct{}
	// Monitors judge what is recorded while the run goes on. They decide nothing:
	// that is for checkers, which see the whole history.
	Monitors []Monitor
	// StopOnViolation ends the main phases, as Stop does, once a monitor saw a
	// violation.
	StopOnViolation bool
	// Progress is kept up to date, if given.
	Progress *Progress
}

// Record says how a run went, beside its history.
type Record struct {
	// Interrupted is true if the run was stopped before its planned end.
	Interrupted bool
	// Trouble is what stands in the way of a valid verdict: nodes that did not
	// come back, workers that hung, phases that were cut short.
	Trouble []string
	// Exits are the ends of each node.
	Exits map[string][]cluster.Exit
	// Images are the images of nodes that have any, with their digests.
	Images map[string]string
	// Observed is what each monitor saw.
	Observed []Observed
}

// run is a test while it runs. It is the [World] of its faults.
type run struct {
	limits   limits
	plan     plan.Plan
	system   System
	kinds    map[string]FaultKind
	cluster  cluster.Cluster
	resolver Resolver
	recorder *history.Recorder
	progress *Progress
	tally    *tally
	watchers watchers
	// watch are the monitors. condemned is closed when the run is to end because
	// of what they saw; nil if it is not to.
	watch     *watch
	condemned <-chan struct{}
	workers   []*worker
	// began is when the phase did from which planned times count: all main
	// phases are one.
	began  time.Time
	phases *history.Lane
	record Record
}

// Run does what the plan says and records it under t.History. The history is
// complete and unsealed when Run returns, whatever happened. An error means
// that the run did not come to its end; the record and the history then hold
// what there is. When the context ends, faults are healed, nodes are ended and
// nothing more is read back.
func Run(ctx context.Context, t Test) (Record, error) {
	return runWithin(ctx, t, defaultLimits())
}

func runWithin(ctx context.Context, t Test, limits limits) (record Record, err error) {
	r, err := newRun(t, limits)
	if err != nil {
		return Record{}, err
	}
	defer func() {
		err = errors.Join(err, r.recorder.Close())
		r.record.Observed = r.watch.finish(r.limits.watch)
		record = r.record
	}()
	if err := r.setUp(ctx, t); err != nil {
		return r.record, fmt.Errorf("%w: %w", ErrSetup, err)
	}
	defer func() {
		r.record.Exits, r.record.Images = map[string][]cluster.Exit{}, map[string]string{}
		if c, ok := r.cluster.(cluster.Troubled); ok {
			r.record.Trouble = append(r.record.Trouble, c.Trouble()...)
		}
		for _, node := range r.cluster.Nodes() {
			if n, ok := node.(cluster.Imaged); ok {
				r.record.Images[node.Name()] = n.Image()
			}
			r.record.Exits[node.Name()] = node.Exits()
		}
		err = errors.Join(err, r.cluster.Close())
	}()
	return r.record, r.play(ctx, t.Stop)
}

func newRun(t Test, limits limits) (*run, error) {
	recorder, err := history.NewRecorder(t.History, history.NewClock(nil), history.RecorderOptions{})
	if err != nil {
		return nil, err
	}
	phases, err := recorder.Lane("phases")
	if err != nil {
		return nil, errors.Join(err, recorder.Close())
	}
	r := &run{
		limits: limits, plan: t.Plan, system: t.System, kinds: map[string]FaultKind{},
		resolver: t.Workload.Resolver(t.Plan.Config), recorder: recorder,
		progress: t.Progress, tally: newTally(t.Plan), phases: phases,
	}
	if r.progress == nil {
		r.progress = new(Progress)
	}
	for _, kind := range t.Kinds {
		r.kinds[kind.Name] = kind
	}
	r.watch = startWatch(recorder, t.Monitors, r.progress)
	if t.StopOnViolation {
		r.condemned = r.watch.violated
	}
	return r, nil
}

// setUp opens the cluster and starts all nodes at once.
func (r *run) setUp(ctx context.Context, t Test) error {
	if err := r.enter("set-up", 0); err != nil {
		return err
	}
	disks := false
	for _, fault := range r.plan.Faults {
		kind, ok := r.kinds[fault.Kind]
		if !ok {
			return fmt.Errorf("the plan names fault %q, which no nemesis offers", fault.Kind)
		}
		disks = disks || kind.Disk
	}
	specs, err := r.system.Nodes(r.plan.Config)
	if err != nil {
		return err
	}
	r.cluster, err = t.Runtime.Open(ctx, specs, cluster.Options{Dir: t.Dir, Framer: t.Framer, Journal: t.Journal, Disks: disks})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.limits.start)
	defer cancel()
	group, groupCtx := errgroup.WithContext(ctx)
	for _, node := range r.cluster.Nodes() {
		group.Go(func() error {
			if err := guard(func() error { return node.Start(groupCtx) }); err != nil {
				return fmt.Errorf("start %s: %w", node.Name(), err)
			}
			return nil
		})
	}
	err = group.Wait()
	if err == nil {
		err = r.settle(ctx)
	}
	if err != nil {
		return errors.Join(err, r.cluster.Close())
	}
	r.syncDisks()
	return nil
}

// syncDisks makes durable what set-up left on the nodes' disks: the run begins on
// machines that have been up for longer than a write-back takes.
func (r *run) syncDisks() {
	for _, node := range r.cluster.Nodes() {
		if n, ok := node.(cluster.Disked); ok && n.Disk() != nil {
			n.Disk().Sync()
		}
	}
}

// play goes through the phases after set-up.
func (r *run) play(ctx context.Context, stop <-chan struct{}) error {
	for i := range r.plan.Config.Workers {
		worker, err := newWorker(r, i)
		if err != nil {
			return err
		}
		r.workers = append(r.workers, worker)
		defer worker.close()
	}
	if err := r.main(ctx, stop); err != nil {
		return err
	}
	if err := r.heal(ctx); err != nil {
		return err
	}
	for _, phase := range []struct {
		name  string
		lanes [][]plan.Op
	}{{"drain", r.plan.Drain}, {"final", r.plan.Final}} {
		unsettled := ""
		if err := r.settle(ctx); err != nil {
			unsettled = err.Error()
			r.trouble("before phase " + phase.name + ": " + unsettled)
		}
		if ctx.Err() != nil {
			r.record.Interrupted = true
			r.trouble("the run was ended before phase " + phase.name)
			return nil
		}
		if err := r.enterIn(phase.name, 0, unsettled); err != nil {
			return err
		}
		r.began = time.Now()
		if err := r.together(ctx, phase.lanes, nil); err != nil {
			return err
		}
	}
	return nil
}

// main is warm-up and faults: workers and nemeses side by side.
func (r *run) main(ctx context.Context, stop <-chan struct{}) error {
	config := r.plan.Config
	if err := r.enter("warm-up", config.WarmUp); err != nil {
		return err
	}
	r.began = time.Now()
	phase, endPhase := context.WithCancel(ctx)
	defer endPhase()
	var group errgroup.Group
	for _, track := range r.tracks() {
		lane, err := r.recorder.Lane("nemesis")
		if err != nil {
			return err
		}
		group.Go(func() error { return r.torment(ctx, lane, track, phase.Done()) })
	}
	tormented := make(chan struct{})
	worked := make(chan error, 1)
	go func() { worked <- r.together(ctx, r.plan.Lanes, phase.Done()) }()
	var tormentErr error
	go func() {
		tormentErr = group.Wait()
		close(tormented)
	}()
	r.conduct(ctx, stop, tormented)
	endPhase()
	err := <-worked
	<-tormented
	return errors.Join(err, tormentErr)
}

// conduct announces the phases of main and returns when it is over: at its
// planned end, or once late faults are done.
func (r *run) conduct(ctx context.Context, stop, tormented <-chan struct{}) {
	config := r.plan.Config
	wait := func(d time.Duration, also <-chan struct{}) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-also:
			return true
		case <-r.condemned:
			r.trouble("the run was ended before its planned end, because of a violation that was seen while it went on")
			return false
		case <-stop:
		case <-ctx.Done():
		}
		r.record.Interrupted = true
		return false
	}
	if !wait(config.WarmUp, nil) {
		return
	}
	if err := r.enter("faults", config.Time); err != nil {
		r.trouble(err.Error())
		return
	}
	if wait(time.Until(r.began.Add(config.WarmUp+config.Time)), nil) {
		wait(r.limits.overtime, tormented)
	}
}

// heal brings every node back that the faults left down or paused.
func (r *run) heal(ctx context.Context) error {
	if err := r.enter("heal", 0); err != nil {
		return err
	}
	if ctx.Err() != nil {
		r.record.Interrupted = true
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.limits.settle)
	defer cancel()
	for _, node := range r.cluster.Nodes() {
		if err := guard(func() error { return revive(ctx, node) }); err != nil {
			r.trouble(fmt.Sprintf("node %s did not come back after the faults: %v", node.Name(), err))
		}
	}
	return nil
}

func revive(ctx context.Context, node cluster.Node) error {
	switch node.State() {
	case cluster.Down:
		return node.Start(ctx)
	case cluster.Paused:
		return node.Resume()
	}
	return nil
}

// settle waits until the system says that its nodes have caught up.
func (r *run) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.limits.settle)
	defer cancel()
	for {
		err := guard(func() error { return r.system.Settled(ctx, r.cluster) })
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the nodes did not settle: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// together lets every worker do its lane and waits for all of them, but not for
// one whose client hangs.
func (r *run) together(ctx context.Context, lanes [][]plan.Op, phase <-chan struct{}) error {
	done := make([]chan error, len(r.workers))
	for i, worker := range r.workers {
		done[i] = make(chan error, 1)
		if i >= len(lanes) {
			done[i] <- nil
			continue
		}
		go func() {
			done[i] <- guard(func() error { return worker.work(ctx, lanes[i], phase) })
		}()
	}
	var errs []error
	over := phase
	if over == nil {
		over = ctx.Done()
	}
	for i := range done {
		err := waitWorker(done[i], over, r.plan.Config.Timeout+r.limits.hang)
		if err != nil {
			errs = append(errs, fmt.Errorf("worker %d: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

func waitWorker(done <-chan error, over <-chan struct{}, grace time.Duration) error {
	select {
	case err := <-done:
		return err
	case <-over:
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errors.New("its client does not return although its timeout is long past")
	}
}

func (r *run) enter(phase string, planned time.Duration) error {
	return r.enterIn(phase, planned, "")
}

// enterIn is enter for a phase that begins in trouble.
func (r *run) enterIn(phase string, planned time.Duration, trouble string) error {
	r.progress.enter(phase, planned)
	_, err := r.phases.Phase(phase, trouble)
	return err
}

// trouble is called by the goroutine that plays the run, and by no other.
func (r *run) trouble(what string) { r.record.Trouble = append(r.record.Trouble, what) }

// Cluster, System, Config, Primary and Watch are what faults may touch.

func (r *run) Cluster() cluster.Cluster { return r.cluster }

func (r *run) System() System { return r.system }

func (r *run) Config() plan.Config { return r.plan.Config }

func (r *run) Primary(ctx context.Context) string {
	name, err := r.system.Primary(ctx, r.cluster)
	if err != nil {
		return "" // no node could be asked, or none leads: the same to a fault
	}
	return name
}

func (r *run) Watch(see func(history.Event)) (stop func()) { return r.watchers.add(see) }
