package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Stack is what one cluster has made and has to undo, in the journal and in the
// memory of the harness that made it. It is for one goroutine.
type Stack struct {
	journal cluster.Journal
	items   []item
}

type item struct {
	id     int64
	entry  cluster.Entry
	undoer Undoer
}

// NewStack returns an empty stack over a journal. With a nil journal nothing is
// undone if the harness is killed but what the operating system does by itself.
func NewStack(j cluster.Journal) *Stack {
	if j == nil {
		j = none{}
	}
	return &Stack{journal: j}
}

// Record journals a thing before it is made, and how to undo it.
func (s *Stack) Record(entry cluster.Entry, undoer Undoer) error {
	id, err := s.journal.Record(entry)
	if err != nil {
		return err
	}
	s.items = append(s.items, item{id, entry, undoer})
	return nil
}

// Journal is where entries beside the stack go: those that are done before the
// cluster is.
func (s *Stack) Journal() cluster.Journal { return s.journal }

// Undo undoes everything, the newest first, and tells the journal. What fails
// stays in the journal for the next sweep.
func (s *Stack) Undo(ctx context.Context) error {
	var errs []error
	for _, i := range slices.Backward(s.items) {
		_, err := i.undoer(ctx, i.entry)
		if errors.Is(err, errors.ErrUnsupported) {
			err = nil // then there is nothing more that could be done
		}
		if err == nil {
			err = s.journal.Done(i.id)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("undoing %s %s: %w", i.entry.Kind, i.entry.Name, err))
		}
	}
	s.items = nil
	return errors.Join(errs...)
}

// none stands in where nothing need outlive the harness.
type none struct{}

func (none) Record(cluster.Entry) (int64, error) { return 0, nil }
func (none) Done(int64) error                    { return nil }
