package columns

import (
	"errors"
	"fmt"

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
	values                                        *valuesBuilder
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
	}
}

// reserve makes room for so many events and operations.
func (b *builder) reserve(events, operations int) {
	b.c.Events = make([]uint32, 0, events)
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
		b.phase, err = b.phases.add(e.F)
	case history.Nemesis:
	}
	if err != nil {
		return fmt.Errorf("event %d cannot be put into columns: %w", e.Index, err)
	}
	b.c.Events = append(b.c.Events, entry)
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
		return Other, nil
	}
	return operation<<1 | 1, nil
}

func (b *builder) finish(torn string) *Columns {
	b.c.Torn = torn
	return b.c
}
