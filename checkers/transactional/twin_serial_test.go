package transactional

// serializable tries all orders.
func (w *twin) serializable() bool {
	return w.some(func() bool { return w.serially(make([]bool, len(w.txns)), state{}) })
}

func (w *twin) serially(done []bool, now state) bool {
	all := true
	for i, t := range w.txns {
		if !w.in[i] || done[i] {
			continue
		}
		all = false
		ready := true
		for j, other := range w.txns {
			ready = ready && (!w.in[j] || done[j] || !w.before(other, t))
		}
		if !ready {
			continue
		}
		next := now
		if !w.fits(t, &next) {
			continue
		}
		done[i] = true
		ok := w.serially(done, next)
		done[i] = false
		if ok {
			return true
		}
	}
	return all
}

// snapshotIsolated tries all orders of starts and commits. A transaction reads
// what was committed when it started, and overwrites nothing that was committed
// since.
func (w *twin) snapshotIsolated() bool {
	return w.some(func() bool {
		return w.snapshots(make([]int, len(w.txns)), make([]state, len(w.txns)), state{})
	})
}

// stages of a transaction.
const (
	waiting = iota
	started
	done
)

func (w *twin) snapshots(stage []int, started_ []state, now state) bool {
	all := true
	for i, t := range w.txns {
		if !w.in[i] || stage[i] == done {
			continue
		}
		all = false
		if stage[i] == waiting {
			ready := true
			for j, other := range w.txns {
				ready = ready && (!w.in[j] || stage[j] == done || !w.before(other, t))
			}
			if snapshot := now; !ready || !w.fits(t, &snapshot) {
				continue
			}
			stage[i], started_[i] = started, now
			ok := w.snapshots(stage, started_, now)
			stage[i] = waiting
			if ok {
				return true
			}
			continue
		}
		next := now
		clash := false
		for _, m := range t.steps {
			if m.write {
				clash = clash || len(now[m.key]) != len(started_[i][m.key])
				next.apply(m)
			}
		}
		if clash {
			continue
		}
		stage[i] = done
		ok := w.snapshots(stage, started_, next)
		stage[i] = started
		if ok {
			return true
		}
	}
	return all
}
