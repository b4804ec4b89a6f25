package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// evidencePoll is how often a fault that has not yet taken effect is asked for
// evidence.
const evidencePoll = 50 * time.Millisecond

// The stages of a fault, in the values of nemesis events.
const (
	StageInject = "inject"
	StageHeal   = "heal"
	StageMissed = "missed"
)

// wireFamily is the family whose faults lie on top of all others; the faults of
// all other families take turns.
const wireFamily = "wire"

// tracks splits the planned faults in those that take turns. Each whose moment
// somebody chose has a track of its own, so that it waits for no other.
func (r *run) tracks() [][]plan.Fault {
	var wire, places []plan.Fault
	var tracks [][]plan.Fault
	for _, fault := range r.plan.Faults {
		switch {
		case fault.Scripted():
			tracks = append(tracks, []plan.Fault{fault})
		case r.kinds[fault.Kind].Family == wireFamily:
			wire = append(wire, fault)
		default:
			places = append(places, fault)
		}
	}
	return append(tracks, wire, places)
}

// torment puts the faults of one track in place, one after the other, until
// the phase ends.
func (r *run) torment(ctx context.Context, lane *history.Lane, faults []plan.Fault, phase <-chan struct{}) error {
	for _, fault := range faults {
		if err := r.inflict(ctx, lane, fault, phase); err != nil {
			return fmt.Errorf("fault %s (%s): %w", fault.Ref, fault.Kind, err)
		}
	}
	return nil
}

// inflict is one fault from its planned moment until it is healed. Only
// failures to record or to heal are errors: a fault that could not be injected
// is a fact about the run, and recorded.
func (r *run) inflict(ctx context.Context, lane *history.Lane, fault plan.Fault, phase <-chan struct{}) error {
	if !r.due(ctx, fault, phase) {
		return r.missed(lane, fault, "the run ended before its time")
	}
	kind := r.kinds[fault.Kind]
	made, err := kind.New(fault, r)
	if err != nil {
		return r.missed(lane, fault, err.Error())
	}
	if err := r.note(lane, fault, StageInject, nil, nil); err != nil {
		return err
	}
	r.progress.injected(fault.Kind)
	defer r.progress.healed(fault.Kind)

	injectCtx, cancel := context.WithTimeout(ctx, fault.For+r.limits.patience)
	injectErr := guard(func() error { return made.Inject(injectCtx) })
	cancel()
	if injectErr == nil {
		r.hold(ctx, made, fault, phase)
	}
	healCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.limits.heal)
	defer cancel()
	healErr := guard(func() error { return made.Heal(healCtx) })
	evidence := made.Evidence()
	if err := r.note(lane, fault, StageHeal, &evidence, errors.Join(injectErr, healErr)); err != nil {
		return err
	}
	if healErr != nil {
		return fmt.Errorf("not healed: %w", healErr)
	}
	return nil
}

// due waits for the moment and the condition of a fault, and reports whether
// the phase still goes on then.
func (r *run) due(ctx context.Context, fault plan.Fault, phase <-chan struct{}) bool {
	timer := time.NewTimer(time.Until(r.began.Add(fault.At)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-phase:
		return false
	case <-ctx.Done():
		return false
	}
	for {
		changed := r.tally.next()
		if r.tally.holds(fault.After) {
			return true
		}
		select {
		case <-changed:
		case <-phase:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// hold keeps a fault in place for its time, and then until it has taken effect
// or patience ends.
func (r *run) hold(ctx context.Context, made Fault, fault plan.Fault, phase <-chan struct{}) {
	end := time.NewTimer(fault.For)
	defer end.Stop()
	select {
	case <-end.C:
	case <-phase:
		return
	case <-ctx.Done():
		return
	}
	poll := time.NewTicker(evidencePoll)
	defer poll.Stop()
	for waited := time.Duration(0); made.Evidence().Count == 0 && waited < r.limits.patience; waited += evidencePoll {
		select {
		case <-poll.C:
		case <-phase:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *run) missed(lane *history.Lane, fault plan.Fault, why string) error {
	return r.note(lane, fault, StageMissed, nil, errors.New(why))
}

// note records a stage of a fault.
func (r *run) note(lane *history.Lane, fault plan.Fault, stage string, evidence *Evidence, cause error) error {
	value := map[string]any{"stage": stage, "target": fault.Target}
	for name, arg := range fault.Args {
		value[name] = arg
	}
	event := history.Event{F: fault.Kind, Ref: fault.Ref, Value: value}
	if evidence != nil {
		where := make([]any, len(evidence.Where))
		for i, place := range evidence.Where {
			where[i] = place
		}
		value["count"], value["where"], value["what"] = evidence.Count, where, evidence.What
		event.Node = strings.Join(evidence.Where, ",")
	}
	if cause != nil {
		event.Error = cause.Error()
	}
	_, err := lane.Nemesis(event)
	return err
}
