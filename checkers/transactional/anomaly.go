package transactional

// The anomalies by name, as Elle names them.
const (
	internal          = "internal"
	duplicateElements = "duplicate-elements"
	garbageRead       = "garbage-read"
	g1a               = "G1a"
	g1b               = "G1b"
	dirtyUpdate       = "dirty-update"
	futureRead        = "future-read"
	lostUpdate        = "lost-update"
	incompatibleOrder = "incompatible-order"

	g0           = "G0"
	g1c          = "G1c"
	gSingle      = "G-single"
	gNonadjacent = "G-nonadjacent"
	g2Item       = "G2-item"

	readYourWrites    = "read-your-writes-violated"
	monotonicReads    = "monotonic-reads-violated"
	monotonicWrites   = "monotonic-writes-violated"
	writesFollowReads = "writes-follow-reads-violated"
)

// The variants of a cycle: with edges of processes, and of real time.
const (
	inProcess  = "-process"
	inRealTime = "-realtime"
)

// cycles are the anomalies that are cycles, the worst first.
var cycles = []string{g0, g1c, gSingle, gNonadjacent, g2Item}

// severity orders anomalies, the worst first.
var severity = func() []string {
	all := []string{
		garbageRead, duplicateElements, g1a, dirtyUpdate, incompatibleOrder, g1b, futureRead, internal, lostUpdate,
	}
	for _, variant := range []string{"", inProcess, inRealTime} {
		for _, cycle := range cycles {
			all = append(all, cycle+variant)
		}
	}
	return append(all, readYourWrites, monotonicReads, monotonicWrites, writesFollowReads)
}()

// implied says, of an anomaly, which others it is a case of. All edges of kind
// rw are about items that are read by key, so a G-single is a G2-item.
func implied(anomaly string) []string {
	switch anomaly {
	case incompatibleOrder, dirtyUpdate:
		return []string{g1a}
	case futureRead:
		return []string{g1c}
	case lostUpdate:
		// Two transactions that read one version and both replaced it: whichever
		// did so first, the other missed that, and overwrote it.
		return []string{gSingle}
	case g0:
		return []string{g1c, g0 + inProcess}
	case g1c:
		return []string{g1c + inProcess}
	case gSingle:
		return []string{gNonadjacent, gSingle + inProcess}
	case gNonadjacent:
		return []string{g2Item, gNonadjacent + inProcess}
	case g2Item:
		return []string{g2Item + inProcess}
	// A process does one thing at a time, so its order is that of real time.
	case g0 + inProcess:
		return []string{g1c + inProcess, g0 + inRealTime}
	case g1c + inProcess:
		return []string{g1c + inRealTime}
	case gSingle + inProcess:
		return []string{gNonadjacent + inProcess, gSingle + inRealTime}
	case gNonadjacent + inProcess:
		return []string{g2Item + inProcess, gNonadjacent + inRealTime}
	case g2Item + inProcess:
		return []string{g2Item + inRealTime}
	case g0 + inRealTime:
		return []string{g1c + inRealTime}
	case gSingle + inRealTime:
		return []string{gNonadjacent + inRealTime}
	case gNonadjacent + inRealTime:
		return []string{g2Item + inRealTime}
	}
	return nil
}

// withImplied returns anomalies and all that they are cases of.
func withImplied(anomalies []string) map[string]bool {
	all := make(map[string]bool)
	for queue := append([]string(nil), anomalies...); len(queue) > 0; queue = queue[1:] {
		if !all[queue[0]] {
			all[queue[0]] = true
			queue = append(queue, implied(queue[0])...)
		}
	}
	return all
}
