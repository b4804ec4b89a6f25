package transactional

import (
	"context"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// versions are what the reads of a workload say about the versions of its keys.
type versions interface {
	// depend returns the dependencies of transactions, in parts.
	depend() []*dependencies
	// choices are, after depend, the writes of which the order is not known.
	choices() []choice
	// sessions finds violations of guarantees for processes, and says whether it
	// can.
	sessions() bool
	// why says why there is a dependency on data between two transactions, by
	// the names that they have in the sentence.
	why(from, to uint32, kind digraph.Kind, first, second string) string
}

var (
	_ versions = (*lists)(nil)
	_ versions = (*registers)(nil)
)

// analysis is all that a history is found to be.
type analysis struct {
	x        *transactions
	found    *findings
	versions versions
	// undecided are anomalies of which it is not known whether they occur.
	undecided []string
	// onCycles counts the transactions that are on cycles.
	onCycles int
	// chosen counts the keys for which an order of writes had to be found.
	chosen  int
	stopped bool
	// undivided says to search for such orders in the whole graph at once.
	undivided bool
}

func analyse(ctx context.Context, x *transactions) (*analysis, error) {
	a := &analysis{x: x, found: newFindings(x)}
	err := a.run(ctx)
	if ctx.Err() != nil {
		a.stopped = true
	}
	return a, err
}

func (a *analysis) run(ctx context.Context) (err error) {
	x := a.x
	for _, c := range lookWithin(x) {
		a.found.contradiction(x, c)
	}
	if x.workload == ListAppend {
		a.versions, err = newLists(x, a.found)
	} else {
		a.versions, err = newRegisters(x, a.found)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	graph := a.graph()
	c := newClassifier(ctx, x, graph, a.cycle)
	if c != nil {
		a.onCycles = int(c.txns)
		if err := c.classify(); err != nil {
			return err
		}
		for _, variant := range variants {
			if c.unsure[variant.name] {
				a.undecided = append(a.undecided, gSingle+variant.name)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	a.settle(ctx, graph, c)
	// Without anything wrong, snapshots in real time give these guarantees too.
	wrong := c != nil || len(a.found.counts) > 0
	if wrong && !a.versions.sessions() && !a.sessionsHold() {
		a.undecided = append(a.undecided, readYourWrites, monotonicReads, monotonicWrites, writesFollowReads)
	}
	return ctx.Err()
}

// graph is that of all dependencies.
func (a *analysis) graph() *digraph.Graph {
	timed := newDependencies(a.x.len())
	var data []*dependencies
	stages := []func(){func() { data = a.versions.depend() }, func() { timed.inRealTime(a.x) }}
	atOnce(spans(len(stages), min(a.x.workers, len(stages))), func(_ int, s span) {
		for _, stage := range stages[s.from:s.to] {
			stage()
		}
	})
	return joined(a.x, append(data, timed))
}

// sessionsHold says whether the guarantees for processes follow from snapshots
// taken in their order.
func (a *analysis) sessionsHold() bool {
	anomalies := withImplied(append(a.found.names(), a.undecided...))
	return !anomalies[gNonadjacent+inProcess] && !anomalies[g1c+inProcess]
}

// cycle takes in a cycle.
func (a *analysis) cycle(cycle []leg) {
	anomaly := shapeOf(cycle).String()
	if a.found.add(anomaly) {
		a.found.cycle(a.versions, anomaly, cycle)
	}
}

// standings tells what is known of each model.
func (a *analysis) standings() map[string]standing {
	known := standings(a.found.names(), a.undecided)
	if a.stopped {
		for name, state := range known {
			if state == holds {
				known[name] = unproven
			}
		}
	}
	return known
}
