package linearizable

import (
	"errors"
	"strings"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/online"
)

// Sides of an element or a lock.
const (
	out = 0
	in  = 1
)

// elementWatcher watches one element of a set.
type elementWatcher struct{ f online.Flips }

// side is where an add or remove leaves the element.
func (s setStep) side() int {
	switch s.code {
	case setAdd, setAdded, setIn:
		return in
	}
	return out
}

func (w *elementWatcher) call(op *watchedOp) string {
	if s, flips := op.step.(setStep); flips {
		w.f.Call(s.side(), op.Call)
	}
	return ""
}

func (w *elementWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	asked, flips := op.step.(setStep)
	s, tells := step.(setStep)
	if tells {
		switch s.code {
		case setAdded, setRemoved:
			return w.f.Flipped(s.side(), op.Call, now), nil
		case setAdd, setRemove:
			return online.None, errBlind
		}
	}
	if flips {
		if why := w.f.Undone(asked.side(), op.Call); why != online.None {
			return why, nil
		}
	}
	if tells {
		return w.f.Saw(s.side(), op.Call, now), nil
	}
	return online.None, nil
}

func (w *elementWatcher) retire(op *watchedOp) string {
	if s, flips := op.step.(setStep); flips {
		w.f.Retire(s.side(), op.Call)
	}
	return online.None
}

func (w *elementWatcher) gap() string  { return "" }
func (w *elementWatcher) idle() bool   { return w.f.Idle() }
func (w *elementWatcher) entries() int { return w.f.Entries() }

// growingWatcher watches a set that is only added to, and read whole.
type growingWatcher struct{ g *online.Growing[string] }

const growing = "ranks in a growing set"

func (w *growingWatcher) call(op *watchedOp) string {
	s, changes := op.step.(setStep)
	switch {
	case op.F == "read":
		w.g.Call(op.Call)
	case changes && s.code != setAdd:
		return errOneByOne.Error()
	case changes && !w.g.Add(string(s.item), op.Call):
		return "an element is added more than once"
	}
	return ""
}

var errOneByOne = errors.New("elements are removed or asked for one by one, and all are read at once")

func (w *growingWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	asked, adds := op.step.(setStep)
	s, tells := step.(setStep)
	switch {
	case op.F == "read" && !tells:
		w.g.Leave(op.Call)
	case adds && !tells && op.uncovered == "":
		return w.g.Undone(string(asked.item)), nil
	case !tells:
	case s.code == setRead:
		items := strings.SplitAfter(string(s.item), "\n")
		return w.g.Read(items[:len(items)-1], op.Call, now), nil
	case s.code == setAdd || s.code == setAdded:
		w.g.Added(string(s.item), now)
	default:
		return online.None, errOneByOne
	}
	return online.None, nil
}

func (w *growingWatcher) retire(op *watchedOp) string {
	if op.F == "read" {
		w.g.Leave(op.Call)
	}
	return online.None
}

func (w *growingWatcher) gap() string  { return "" }
func (w *growingWatcher) idle() bool   { return false }
func (w *growingWatcher) entries() int { return w.g.Entries() }

// mutexWatcher watches a lock. Of fencing tokens it judges that each is greater
// than those granted before its acquisition was called.
type mutexWatcher struct {
	f online.Flips
	// token is the greatest that was granted, or 0.
	token int64
}

func (w *mutexWatcher) call(op *watchedOp) string {
	op.seen = w.token
	w.f.Call(lockSide(op), op.Call)
	return ""
}

func lockSide(op *watchedOp) int {
	if op.F == "release" {
		return out
	}
	return in
}

func (w *mutexWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	if step == nil {
		return w.f.Undone(lockSide(op), op.Call), nil
	}
	if s := step.(mutexStep); s.code == mutexGrant {
		if s.token <= op.seen {
			return "but a token as great had been granted before", nil
		}
		w.token = max(w.token, s.token)
	}
	return w.f.Flipped(lockSide(op), op.Call, now), nil
}

func (w *mutexWatcher) retire(op *watchedOp) string {
	w.f.Retire(lockSide(op), op.Call)
	return online.None
}

func (w *mutexWatcher) gap() string {
	if w.token > 0 {
		return "there are fencing tokens"
	}
	return ""
}

func (w *mutexWatcher) idle() bool   { return w.token == 0 && w.f.Idle() }
func (w *mutexWatcher) entries() int { return w.f.Entries() }

// logWatcher watches a log.
type logWatcher struct{ l *online.Log }

func (w *logWatcher) call(op *watchedOp) string {
	s, appends := op.step.(logStep)
	if !appends {
		w.l.Call(op.Call)
	} else if !w.l.Append(string(s.all), op.Call) {
		return errTwice
	}
	return ""
}

func (w *logWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	asked, appends := op.step.(logStep)
	if step == nil {
		switch {
		case !appends:
			w.l.Leave(op.Call)
		case op.uncovered == "":
			return w.l.Undone(string(asked.all)), nil
		}
		return online.None, nil
	}
	switch s := step.(logStep); s.code {
	case logRead:
		return w.l.Read(string(s.all), op.Call, now), nil
	case logPlaced:
		if s.at < 0 || s.at > int64(now) {
			return "but so many were not there", nil // nor were there so many events
		}
		return w.l.Appended(string(s.all), int(s.at), now), nil
	default:
		return w.l.Appended(string(s.all), -1, now), nil
	}
}

func (w *logWatcher) retire(op *watchedOp) string {
	if s, appends := op.step.(logStep); appends {
		w.l.Retire(string(s.all))
	} else {
		w.l.Leave(op.Call)
	}
	return online.None
}

func (w *logWatcher) gap() string {
	if w.l.Promised() > 0 {
		return "an append told its offset, and no read has shown it yet"
	}
	return ""
}

func (w *logWatcher) idle() bool   { return false }
func (w *logWatcher) entries() int { return w.l.Entries() }
