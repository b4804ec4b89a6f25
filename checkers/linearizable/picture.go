package linearizable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Picture writes a page of HTML on which Porcupine draws the operations of a
// finding that this checker made about a history, and how far it gets in putting
// them in order. The page needs no other file. Operations without an answer end
// where all others have.
//
// It is an error if the history does not have these operations, or if Porcupine
// can not deal with them before the context ends.
func (c *Checker) Picture(ctx context.Context, page io.Writer, h *history.History, finding verdict.Finding) error {
	if err := errors.Join(c.model.validate(), h.Validate()); err != nil {
		return fmt.Errorf("no picture: %w", err)
	}
	var ops []Op
	for _, o := range c.model.objects(h.Operations()) {
		for _, op := range o.ops {
			if o.key == finding.Key && slices.Contains(finding.Operations, op.Call) {
				ops = append(ops, op)
			}
		}
	}
	if len(ops) == 0 || len(ops) != len(finding.Operations) {
		return fmt.Errorf("no picture: the history has %d of the %s of the finding", len(ops), count(len(finding.Operations), "operation"))
	}
	q, err := newQuestion(&c.model, ops)
	if err != nil {
		return fmt.Errorf("no picture: %w", err)
	}
	q.most = confirmSteps
	timeout, err := remaining(ctx)
	if err != nil {
		return fmt.Errorf("no picture: %w", err)
	}
	result, info := porcupine.CheckOperationsVerbose(q.model(), q.ops, timeout)
	switch broken := q.broken.Load(); {
	case broken != nil:
		return fmt.Errorf("no picture: %s", *broken)
	case result == porcupine.Unknown || q.taken > q.most:
		return errors.New("no picture: porcupine knows no end of the orders")
	}
	q.taken = 0 // to draw, it takes them again
	if err := porcupine.Visualize(q.model(), info, page); err != nil {
		return fmt.Errorf("no picture: %w", err)
	}
	return nil
}
