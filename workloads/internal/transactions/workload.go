package transactions

import (
	"context"
	"fmt"

	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// ModelOption names the consistency model that transactions are judged by.
const ModelOption = "consistency-model"

// Validate returns an error if a config asks for a consistency model that there
// is not.
func Validate(w transactional.Workload, c plan.Config) error {
	_, err := checker(w, c)
	return err
}

// Checkers judge the transactions of a history. If the config is not valid the
// verdict is unknown, for that reason.
func Checkers(w transactional.Workload, c plan.Config) []harness.Checker {
	checker, err := checker(w, c)
	if err != nil {
		return []harness.Checker{undecided{err}}
	}
	return []harness.Checker{checker}
}

func checker(w transactional.Workload, c plan.Config) (*transactional.Checker, error) {
	var options []transactional.Option
	if name := c.Options[ModelOption]; name != "" {
		options = append(options, transactional.WithModel(name))
	}
	checker, err := transactional.New(w, options...)
	if err != nil {
		return nil, fmt.Errorf("option %s: %w", ModelOption, err)
	}
	return checker, nil
}

// undecided is a checker that cannot be made.
type undecided struct{ why error }

func (undecided) Name() string { return "transactional" }

func (u undecided) Check(context.Context, *history.History, harness.Budget) harness.Report {
	return harness.Report{Checker: u.Name(), Property: "the transactions have an order", Cause: "not judged: " + u.why.Error()}
}
