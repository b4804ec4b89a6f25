package proxy

import "sync"

// request is a request that was passed on and whose reply is to come.
type request struct {
	seq   uint64
	bytes []byte
}

// pairing is what the two directions of a connection share so that replies find
// their requests: protocols that are framed answer in the order of asking.
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
