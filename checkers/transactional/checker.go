package transactional

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// What a check may use if its budget does not say.
const (
	DefaultTime   = 5 * time.Minute
	DefaultMemory = 8 << 30
)

// DefaultModel is the consistency model that histories are judged by if none is
// named.
const DefaultModel = "strict-serializable"

// Checker judges the transactions of a history by a consistency model. Make one
// with [New].
type Checker struct {
	workload Workload
	model    string
}

// Option changes a checker.
type Option func(*Checker) error

// WithModel names the consistency model to judge by, as [ConsistencyModels]
// lists them.
func WithModel(name string) Option {
	return func(c *Checker) (err error) {
		c.model, err = canonical(name)
		return err
	}
}

// New returns a checker for a workload. The model is [DefaultModel] if no option
// names one.
func New(workload Workload, options ...Option) (*Checker, error) {
	if workload != ListAppend && workload != RWRegister {
		return nil, fmt.Errorf("there is no %v; there are %v and %v", workload, ListAppend, RWRegister)
	}
	c := &Checker{workload: workload, model: DefaultModel}
	for _, option := range options {
		if err := option(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Name returns "transactional".
func (c *Checker) Name() string { return "transactional" }

// Check judges a history. It is invalid if it has an anomaly that the model
// forbids, or one that a weaker model does, and valid only if an execution that
// the model allows is known to explain it. Unknown comes with the reason in
// Cause.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	view, err := columns.Of(h)
	if err != nil {
		report := c.report()
		report.Cause = "not judged: " + err.Error()
		return report
	}
	return c.CheckColumns(ctx, view, budget)
}

func (c *Checker) report() verdict.Report {
	return verdict.Report{
		Checker:  c.Name(),
		Property: fmt.Sprintf("the transactions of %v are %s", c.workload, adjective(c.model)),
	}
}

// adjective puts a model's name into a sentence.
func adjective(model string) string {
	if strings.HasSuffix(model, "able") {
		return model
	}
	return "executed under " + model
}

// CheckColumns judges a history that is in columns already.
func (c *Checker) CheckColumns(ctx context.Context, view *columns.Columns, budget verdict.Budget) verdict.Report {
	report := c.report()
	if budget.Time <= 0 {
		budget.Time = DefaultTime
	}
	if budget.Memory <= 0 {
		budget.Memory = DefaultMemory
	}
	ctx, cancel := context.WithTimeout(ctx, budget.Time)
	defer cancel()
	x, err := parse(c.workload, view, workersFor(view.Operations()))
	if err == nil {
		err = x.fits(budget.Memory)
	}
	if err != nil {
		report.Cause = "not judged: " + located(view, err)
		return report
	}
	if reason := x.idle(); reason != "" {
		report.Cause = "nothing to judge: " + reason
		return report
	}
	a, err := analyse(ctx, x)
	var duplicate *duplicateError
	switch {
	case errors.As(err, &duplicate):
		report.Cause = a.found.duplicate(duplicate)
		return report
	case err != nil:
		report.Cause = "not judged to the end: the time was used up; allow it more, or check fewer transactions"
	}
	c.conclude(&report, a)
	return report
}

// located says where an error in the history is.
func located(view *columns.Columns, err error) string {
	var malformed *malformedError
	if errors.As(err, &malformed) {
		return fmt.Sprintf("the operation called at event %d is no transaction: %v", view.Calls()[malformed.operation], err)
	}
	return err.Error()
}

// idle says why there is nothing to judge, or "".
func (x *transactions) idle() string {
	if x.len() == 0 {
		return "the history has no transactions, which are lists of [function key value]"
	}
	for t := range uint32(x.len()) {
		if x.status[t] != committed {
			continue
		}
		for _, m := range x.body(t) {
			if !m.write {
				return ""
			}
		}
	}
	return "no transaction that was answered read anything"
}

// fits returns an error if the transactions would take more memory than there
// may be.
func (x *transactions) fits(memory int64) error {
	const perTransaction, perMicro, perValue = 200, 150, 8
	need := perTransaction*int64(x.len()) + perMicro*int64(len(x.micros)) + perValue*int64(x.values.Len())
	if need > memory {
		return fmt.Errorf("%d transactions would take about %d MB, and %d are allowed", x.len(), need>>20, memory>>20)
	}
	// Nodes for points in time, for sets of writers, and two for each in the
	// graph of points.
	if 2*(2*int64(x.len())+2*int64(len(x.micros))) > digraph.MaxNodes {
		return fmt.Errorf("%d transactions are too many for one check", x.len())
	}
	return nil
}

// method says how the verdict was reached.
const method = "dependency graph; topological order (Kahn), strongly connected components of what is left (Tarjan), and of when snapshots are taken"

// conclude puts what was found into the report.
func (c *Checker) conclude(report *verdict.Report, a *analysis) {
	counted := 0
	for _, status := range a.x.status {
		if status.counts() {
			counted++
		}
	}
	a.found.sort()
	report.Findings = a.found.list
	report.Method = method
	known := a.standings()
	weakest, strongest := boundary(known)
	if len(weakest) > 0 {
		report.Method += "; violated at least: " + strings.Join(weakest, ", ")
	}
	if len(strongest) > 0 {
		report.Method += "; holds: " + strings.Join(strongest, ", ")
	}
	report.Figures = append(report.Figures,
		verdict.Figure{Name: "transactions", Value: float64(counted)},
		verdict.Figure{Name: "transactions on cycles", Value: float64(a.onCycles)})
	for _, name := range a.found.names() {
		report.Figures = append(report.Figures, verdict.Figure{Name: name, Value: float64(a.found.counts[name])})
	}
	switch known[c.model] {
	case violated:
		report.Verdict = verdict.Invalid
		report.Judged = counted
		c.accuse(report, a)
	case holds:
		report.Verdict = verdict.Valid
		report.Judged = counted
		report.Cause = fmt.Sprintf("%d transactions over %d keys are %s", counted, len(a.x.keys), adjective(c.model))
	default:
		if report.Cause == "" {
			report.Cause = c.doubt(a, strongest)
		}
	}
}

// accuse puts the findings that the model forbids first, and the first of them
// into the cause.
func (c *Checker) accuse(report *verdict.Report, a *analysis) {
	forbidden := forbiddenBy(c.model)
	var guilty, other []verdict.Finding
	for _, finding := range report.Findings {
		if forbids(forbidden, finding.Anomaly) {
			guilty = append(guilty, finding)
		} else {
			other = append(other, finding)
		}
	}
	report.Findings = append(guilty, other...)
	if len(guilty) > 0 {
		report.Cause = fmt.Sprintf("%s: %s", guilty[0].Anomaly, guilty[0].Summary)
	}
}

// doubt says why a model is neither known to hold nor to be violated.
func (c *Checker) doubt(a *analysis, strongest []string) string {
	reason := fmt.Sprintf("no anomaly that %s forbids was found, but only the strongest models that hold prove that there is none", c.model)
	if len(a.undecided) > 0 {
		reason = "it could not be decided whether there is any of " + strings.Join(a.undecided, ", ")
	}
	if len(strongest) > 0 {
		reason += "; known to hold: " + strings.Join(strongest, ", ")
	}
	return reason
}
