package linearizable

import (
	"github.com/tertium-dev/tertium/checkers/linearizable/internal/online"
)

// Sides of an element or a lock.
const (
	out = 0
	in  = 1
)

// setWatcher watches one element of a set.
type setWatcher struct {
	f online.Flips
	// whole says that the set was read whole.
	whole bool
}

// side is where an add or remove leaves the element.
func (s setStep) side() int {
	switch s.code {
	case setAdd, setAdded, setIn:
		return in
	}
	return out
}

func (w *setWatcher) call(op *watchedOp) string {
	if s, flips := op.step.(setStep); flips {
		w.f.Call(s.side(), op.Call)
	}
	return ""
}

func (w *setWatcher) complete(op *watchedOp, step any, now int) (string, error) {
	asked, flips := op.step.(setStep)
	s, tells := step.(setStep)
	if tells {
		switch s.code {
		case setRead:
			w.whole = true
			return online.None, nil
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

func (w *setWatcher) retire(op *watchedOp) string {
	if s, flips := op.step.(setStep); flips {
		w.f.Retire(s.side(), op.Call)
	}
	return online.None
}

func (w *setWatcher) gap() string {
	if w.whole {
		return errReadWhole.Error()
	}
	return ""
}

func (w *setWatcher) idle() bool   { return !w.whole && w.f.Idle() }
func (w *setWatcher) entries() int { return w.f.Entries() }

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
