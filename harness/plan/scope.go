package plan

import "strconv"

// Stream returns the random stream of the generator at this place, for this
// worker. Every call begins it anew.
//
// A generator draws from the stream of its own scope alone and gives each
// generator inside it a scope from [Scope.Within]; then no two share a stream.
func (s Scope) Stream() *Stream {
	return NewStream(s.Seed, "operations", s.Path+"@"+strconv.Itoa(s.Worker))
}

// Within returns the scope of the generator called name inside this one.
func (s Scope) Within(name string) Scope {
	s.Path += "/" + name
	return s
}

// narrow returns the scope of a group of workers that is left to itself: it
// counts workers from 0 and has the group's part of the rate. The path must
// tell groups apart.
func (s Scope) narrow(first, workers int) Scope {
	s.Worker -= first
	s.Config = s.Config.Share(workers)
	return s
}

// Share returns the config of so many of the workers, with their part of the
// rate. It is what generators inside [Reserve] see as theirs.
func (c Config) Share(workers int) Config {
	if c.Workers > 0 {
		c.Rate = max(1, int(int64(c.Rate)*int64(workers)/int64(c.Workers)))
	}
	c.Workers = workers
	return c
}

// dealt is how many of n things go to this worker if all are dealt out in turn.
func (s Scope) dealt(n int) int {
	workers := max(1, s.Config.Workers)
	if s.Worker >= workers {
		return 0
	}
	return (n - s.Worker + workers - 1) / workers
}
