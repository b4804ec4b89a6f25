package columns

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

// Of returns the columns of a history that [history.History.Validate] accepts.
// It takes one pass.
func Of(h *history.History) (*Columns, error) {
	if err := h.Validate(); err != nil {
		return nil, err
	}
	b := newBuilder()
	invocations := 0
	for i := range h.Events {
		if h.Events[i].Kind == history.Invoke {
			invocations++
		}
	}
	b.reserve(len(h.Events), invocations)
	for i := range h.Events {
		if err := b.add(&h.Events[i]); err != nil {
			return nil, err
		}
	}
	return b.finish(h.Torn), nil
}

var errTooManyOperations = errors.New("a view holds at most 2^31-1 operations of a history of 2^32-1 events")

// builder takes in events one by one. They must be a history that
// [history.History.Validate] accepts.
type builder struct {
	c *Columns
	// open maps each waiting process to its operation.
	open map[int]uint32
	// processes maps each process to its position in Processes. A process that
	// was retired is forgotten, because it does not come back.
	processes map[int]uint32
	phase     uint32

	functions, keys, idems, nodes, phases, errors *namesBuilder
	values, details                               *valuesBuilder
	// left are the completions of operations with unknown outcome: operation and
	// index, in the order of the latter.
	left [][2]uint32
}

func newBuilder() *builder {
	c := &Columns{}
	return &builder{
		c:         c,
		open:      make(map[int]uint32),
		processes: make(map[int]uint32),
		functions: newNamesBuilder(&c.Functions),
		keys:      newNamesBuilder(&c.Keys),
		idems:     newNamesBuilder(&c.Idems),
		nodes:     newNamesBuilder(&c.Nodes),
		phases:    newNamesBuilder(&c.Phases),
		errors:    newNamesBuilder(&c.Errors),
		values:    newValuesBuilder(&c.Values),
		details:   newValuesBuilder(&c.details),
	}
}

// reserve makes room for so many events and operations.
func (b *builder) reserve(events, operations int) {
	b.c.Events = make([]uint32, 0, events)
	b.c.times = make([]uint64, 0, events)
	b.c.Outcome = make([]history.Outcome, 0, operations)
	for _, column := range b.c.perOperation() {
		*column.ids = make([]uint32, 0, operations)
	}
}

// add takes in the next event.
func (b *builder) add(e *history.Event) error {
	if uint64(len(b.c.Events)) >= Other {
		return errTooManyOperations
	}
	entry := uint32(Other)
	var err error
	switch e.Kind {
	case history.Invoke:
		entry, err = b.call(e)
	case history.Complete:
		entry, err = b.complete(e)
	case history.Phase:
		if b.phase, err = b.phases.add(e.F); err == nil {
			err = b.other(e)
		}
	case history.Nemesis:
		err = b.other(e)
	}
	if err != nil {
		return fmt.Errorf("event %d cannot be put into columns: %w", e.Index, err)
	}
	b.c.Events = append(b.c.Events, entry)
	b.c.times = append(b.c.times, uint64(e.Time))
	return nil
}

// other takes in an event that is not about an operation.
func (b *builder) other(e *history.Event) error {
	b.c.others = append(b.c.others, uint32(len(b.c.Events)), uint32(e.Kind))
	for _, value := range []any{e.F, e.Key, e.Idem, e.Node, e.Ref, e.Error, e.Value} {
		id, err := b.details.add(value, 0)
		if err != nil {
			return err
		}
		b.c.others = append(b.c.others, id)
	}
	return nil
}

// call adds an operation.
func (b *builder) call(e *history.Event) (entry uint32, err error) {
	c := b.c
	operation := uint32(len(c.Outcome))
	if operation >= MaxOperations {
		return 0, errTooManyOperations
	}
	f, err := b.functions.add(e.F)
	if err != nil {
		return 0, err
	}
	key, err := b.keys.add(e.Key)
	if err != nil {
		return 0, err
	}
	idem, err := b.idems.add(e.Idem)
	if err != nil {
		return 0, err
	}
	node, err := b.nodes.add(e.Node)
	if err != nil {
		return 0, err
	}
	in, err := b.values.add(e.Value, 0)
	if err != nil {
		return 0, err
	}
	process, known := b.processes[e.Process]
	if !known {
		process = uint32(len(c.Processes))
		b.processes[e.Process] = process
		c.Processes = append(c.Processes, int64(e.Process))
	}
	c.F = append(c.F, f)
	c.Key = append(c.Key, key)
	c.Idem = append(c.Idem, idem)
	c.Node = append(c.Node, node)
	c.Phase = append(c.Phase, b.phase)
	c.In = append(c.In, in)
	c.Out = append(c.Out, 0)
	c.Outcome = append(c.Outcome, history.Unknown)
	c.Error = append(c.Error, 0)
	c.Process = append(c.Process, process)
	b.open[e.Process] = operation
	return operation << 1, nil
}

// complete sets what is known of the operation of a process.
func (b *builder) complete(e *history.Event) (entry uint32, err error) {
	operation := b.open[e.Process]
	delete(b.open, e.Process)
	if b.c.Out[operation], err = b.values.add(e.Value, 0); err != nil {
		return 0, err
	}
	if b.c.Error[operation], err = b.errors.add(e.Error); err != nil {
		return 0, err
	}
	b.c.Outcome[operation] = e.Outcome
	if e.Outcome == history.Unknown {
		delete(b.processes, e.Process)
		b.left = append(b.left, [2]uint32{operation, uint32(len(b.c.Events))})
		return Other, nil
	}
	return operation<<1 | 1, nil
}

func (b *builder) finish(torn string) *Columns {
	b.c.Torn = torn
	slices.SortFunc(b.left, func(x, y [2]uint32) int { return cmp.Compare(x[0], y[0]) })
	left := b.left
	for operation, outcome := range b.c.Outcome {
		if outcome != history.Unknown {
			continue
		}
		at := uint32(0)
		if len(left) > 0 && left[0][0] == uint32(operation) {
			at, left = left[0][1]+1, left[1:]
		}
		b.c.gaveUp = append(b.c.gaveUp, at)
	}
	return b.c
}
