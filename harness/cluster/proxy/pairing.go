package proxy

import (
	"slices"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// request is a request that was passed on and whose reply is to come.
type request struct {
	seq   uint64
	bytes []byte
}

// pairing is what the two directions of a connection share so that replies find
// their requests: protocols that are framed answer in the order of asking, but
// for those with a [cluster.Correlator].
type pairing struct {
	mu   sync.Mutex
	open []request

	// raw ends when either direction could not be understood. From there on
	// both are streams of chunks.
	raw     chan struct{}
	rawOnce sync.Once
}

// asked notes a request just before it is passed on.
func (p *pairing) asked(seq uint64, bytes []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, request{seq, bytes})
}

// oldest is the request that the next reply answers.
func (p *pairing) oldest() (request, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) == 0 {
		return request{}, false
	}
	return p.open[0], true
}

func (p *pairing) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[0] = request{}
	p.open = p.open[1:]
}

// maxOpen bounds the requests that wait for a reply where some never get one.
// The oldest are forgotten; what answers them then answers no request.
const maxOpen = 4096

// mayBeAnswered notes a request that perhaps never gets a reply, just before it is
// passed on.
func (p *pairing) mayBeAnswered(seq uint64, bytes []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) == maxOpen {
		p.open = slices.Delete(p.open, 0, 1)
	}
	p.open = append(p.open, request{seq, bytes})
}

// answeredBy takes out the oldest request that a message answers, if there is
// one.
func (p *pairing) answeredBy(c cluster.Correlator, message []byte) (request, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.open, func(r request) bool { return c.Answers(message, r.bytes) })
	if i < 0 {
		return request{}, false
	}
	found := p.open[i]
	p.open = slices.Delete(p.open, i, i+1)
	return found, true
}

// misunderstood makes the connection one of chunks, and says whether it was not
// one already.
func (p *pairing) misunderstood() (first bool) {
	p.rawOnce.Do(func() {
		close(p.raw)
		first = true
	})
	return first
}

func (p *pairing) isRaw() bool {
	select {
	case <-p.raw:
		return true
	default:
		return false
	}
}
