package transactional

import (
	"runtime"
	"sync"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// Work is shared among so many workers at most, if each has so much of it.
const (
	mostWorkers = 8
	leastWork   = 1 << 15
)

// workersFor is how many workers share the work on n operations.
func workersFor(n int) int {
	return max(1, min(runtime.GOMAXPROCS(0), mostWorkers, n/leastWork))
}

// span is a stretch of operations, transactions or keys.
type span struct{ from, to uint32 }

// spans cuts n things into so many stretches.
func spans(n, parts int) []span {
	all := make([]span, parts)
	for i := range all {
		all[i] = span{uint32(i * n / parts), uint32((i + 1) * n / parts)}
	}
	return all
}

// spansOf cuts keys into stretches with about equally many micro-operations. Key
// k has those from first[k] to first[k+1].
func spansOf(first []uint32, parts int) []span {
	total := uint64(first[len(first)-1])
	all := make([]span, parts)
	key := uint32(0)
	for i := range all {
		all[i].from = key
		for int(key)+1 < len(first) && (i+1 == parts || uint64(first[key+1]) <= uint64(i+1)*total/uint64(parts)) {
			key++
		}
		all[i].to = key
	}
	return all
}

// atOnce calls f for all spans at once.
func atOnce(all []span, f func(i int, s span)) {
	if len(all) == 1 {
		f(0, all[0])
		return
	}
	var group sync.WaitGroup
	for i, s := range all {
		group.Go(func() { f(i, s) })
	}
	group.Wait()
}

// joined is the graph of the dependencies of all parts.
func joined(x *transactions, parts []*dependencies) *digraph.Graph {
	transactions := uint32(x.len())
	nodes := transactions
	builders := make([]*digraph.Builder, len(parts))
	for i, d := range parts {
		d.Shift(transactions, nodes-transactions)
		nodes += d.nodes - transactions
		builders[i] = &d.Builder
	}
	return digraph.Join(int(nodes), x.workers, builders...)
}
