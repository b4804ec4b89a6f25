package linearizable

import (
	"errors"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/online"
	"github.com/tertium-dev/tertium/harness/history"
)

// watcherOf returns how the parts of a history are judged while it goes on, and
// the name of the algorithm; nil if the model has none. A set has a part for
// each element besides that for all.
func watcherOf(m *Model) (method string, watch func(element bool) watcher) {
	switch m.Name {
	case "register", "cas-register":
		return zones, func(bool) watcher { return &registerWatcher{r: online.NewRegister(m.Init)} }
	case "queue":
		return badPatterns, func(bool) watcher { return &queueWatcher{online.NewQueue[sequence]()} }
	case "set":
		return elementFlips + " or " + growing, func(element bool) watcher {
			if element {
				return &elementWatcher{}
			}
			return &growingWatcher{online.NewGrowing[string]()}
		}
	case "counter":
		initial, _ := m.Init.(int64)
		return lazyCounting, func(bool) watcher { return &counterWatcher{initial: initial} }
	case "log":
		return logRanks, func(bool) watcher { return &logWatcher{online.NewLog()} }
	case "mutex":
		return lockFlips, func(bool) watcher { return &mutexWatcher{} }
	}
	return "", nil
}

// errTwice is why values that come again are not judged.
const errTwice = "a value is written again while it is there or may come to be"

// registerWatcher watches a register.
type registerWatcher struct {
	r *online.Register[any]
	// refused says that a refusal did not explain itself.
	refused bool
}

func (w *registerWatcher) call(op *watchedOp) string {
	w.r.Call(op.Call)
	s, _ := op.step.(registerStep)
	fresh := true
	switch s.code {
	case registerWrite:
		fresh = w.r.Write(s.value, op.Call)
	case registerCAS:
		fresh = w.r.CompareAndSet(s.old, s.value, op.Call)
	}
	if !fresh {
		return errTwice
	}
	return ""
}

func (w *registerWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	if asked, writes := op.step.(registerStep); writes && op.Outcome == history.Fail && op.uncovered == "" {
		if why := w.r.Undo(asked.value); why != online.None {
			return why, nil
		}
	}
	if step == nil {
		w.r.Leave(op.Call)
		return online.None, nil
	}
	s := step.(registerStep)
	switch s.code {
	case registerNever:
		return "but saw the value that it was to replace", nil
	case registerNot:
		w.refused = !w.r.Refused(s.value, op.Call) || w.refused
		return online.None, nil
	}
	return w.r.Seen(s.value, op.Call, now), nil
}

func (w *registerWatcher) retire(op *watchedOp) string {
	w.r.Leave(op.Call)
	return online.None
}

func (w *registerWatcher) gap() string {
	if w.refused {
		return "a refused compare-and-set does not say what it saw"
	}
	return ""
}

func (w *registerWatcher) idle() bool   { return false }
func (w *registerWatcher) entries() int { return w.r.Entries() }

// queueWatcher watches a queue.
type queueWatcher struct{ q *online.Queue[sequence] }

func (w *queueWatcher) call(op *watchedOp) string {
	switch s, known := op.step.(endStep); {
	case !known:
	case s.code != endPut:
		w.q.Take(op.Call)
	case !w.q.Put(s.item, op.Call):
		return errTwice
	}
	return ""
}

func (w *queueWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	if step == nil {
		switch asked, known := op.step.(endStep); {
		case !known:
		case asked.code != endPut:
			return w.q.Nothing(op.Call), nil
		case op.uncovered == "":
			return w.q.Undone(asked.item), nil
		}
		return online.None, nil
	}
	switch s := step.(endStep); s.code {
	case endPut:
		w.q.Stored(s.item, now)
	case endTake:
		return w.q.Got(s.item, op.Call, now), nil
	case endEmpty:
		return w.q.Empty(op.Call, now), nil
	}
	return online.None, nil
}

func (w *queueWatcher) retire(op *watchedOp) string {
	s := op.step.(endStep)
	if s.code != endPut {
		return w.q.Unanswered(op.Call)
	}
	w.q.Retire(s.item)
	return online.None
}

func (w *queueWatcher) gap() string  { return "" }
func (w *queueWatcher) idle() bool   { return w.q.Idle() }
func (w *queueWatcher) entries() int { return w.q.Entries() }

// counterWatcher watches a counter.
type counterWatcher struct {
	c       online.Counter
	initial int64
}

func (w *counterWatcher) call(op *watchedOp) string {
	s, steps := op.step.(counterStep)
	switch {
	case op.F == "read":
		op.seen = int64(w.c.Taken())
	case steps && s.delta != 1:
		return "not all additions are of one"
	case steps:
		w.c.Call(op.Call)
	}
	return ""
}

func (w *counterWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	if step == nil {
		if _, steps := op.step.(counterStep); steps && op.uncovered == "" {
			return w.c.Undone(op.Call), nil
		}
		return online.None, nil
	}
	switch s := step.(counterStep); s.code {
	case counterRead:
		return w.c.Read(s.sum-w.initial, op.seen, now), nil
	case counterGet:
		return online.None, errors.New("an addition is answered with the sum")
	}
	return w.c.Stepped(op.Call), nil
}

func (w *counterWatcher) retire(op *watchedOp) string {
	if op.step != nil {
		w.c.Retire(op.Call)
	}
	return online.None
}

func (w *counterWatcher) gap() string  { return "" }
func (w *counterWatcher) idle() bool   { return false }
func (w *counterWatcher) entries() int { return w.c.Entries() }
