package history

// New returns a history of these events, which it numbers in the order given.
func New(events []Event) *History {
	for i := range events {
		events[i].Index = i
	}
	return &History{Events: events}
}

// Operations pairs each invocation with the completion that follows it on the
// same process, and returns the operations in the order of their invocations.
// It takes one pass. The history must be one that [History.Validate] accepts.
func (h *History) Operations() []Operation {
	invocations := 0
	for i := range h.Events {
		if h.Events[i].Kind == Invoke {
			invocations++
		}
	}
	operations := make([]Operation, 0, invocations)
	// open holds as many processes as are waiting, never more, so that it stays
	// small however many processes a long run retires.
	open := make(map[int]int)
	phase := ""
	for i := range h.Events {
		e := &h.Events[i]
		switch e.Kind {
		case Phase:
			phase = e.F
		case Invoke:
			open[e.Process] = len(operations)
			operations = append(operations, Operation{
				Process: e.Process,
				F:       e.F,
				Key:     e.Key,
				Idem:    e.Idem,
				Node:    e.Node,
				Ref:     e.Ref,
				Input:   e.Value,
				Call:    e.Index,
				Return:  Never,
				Start:   e.Time,
				End:     e.Time,
				Phase:   phase,
			})
		case Complete:
			at, waiting := open[e.Process]
			if !waiting {
				continue
			}
			delete(open, e.Process)
			operation := &operations[at]
			operation.Output = e.Value
			operation.Outcome = e.Outcome
			operation.Error = e.Error
			operation.End = e.Time
			if e.Outcome != Unknown {
				operation.Return = e.Index
			}
		}
	}
	// An invocation that never completed is retired when its process is gone;
	// whatever is still in open is Unknown and Never already.
	return operations
}
