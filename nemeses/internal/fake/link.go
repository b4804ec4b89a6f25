package fake

import (
	"slices"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Link is a fake [cluster.Link].
type Link struct {
	from, to string

	mu     sync.Mutex
	rules  []*cluster.Rule
	resets int
}

// From returns the near end's owner.
func (l *Link) From() string { return l.from }

// To returns the far end's owner.
func (l *Link) To() string { return l.to }

// Addr is empty: nobody can dial a fake.
func (l *Link) Addr() string { return "" }

// Add puts a rule on the link.
func (l *Link) Add(rule cluster.Rule) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	added := &rule
	l.rules = append(l.rules, added)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.rules = slices.DeleteFunc(l.rules, func(r *cluster.Rule) bool { return r == added })
	}
}

// Reset counts how often it was called.
func (l *Link) Reset() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resets++
	return 1
}

// Resets is how often Reset was called.
func (l *Link) Resets() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resets
}

// Rules counts the rules on the link.
func (l *Link) Rules() int { return len(l.snapshot()) }

// Dial asks the rules about a new connection.
func (l *Link) Dial() cluster.Action {
	var sum cluster.Action
	for _, rule := range l.snapshot() {
		sum = add(sum, (*rule).Dial())
	}
	return sum
}

// Send asks the rules about a message, and calls Before as a link would.
func (l *Link) Send(m cluster.Message) cluster.Action {
	var sum cluster.Action
	for _, rule := range l.snapshot() {
		sum = add(sum, (*rule).Judge(m))
	}
	if sum.Before != nil {
		sum.Before()
	}
	return sum
}

func (l *Link) snapshot() []*cluster.Rule {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.rules)
}

// add joins the actions of two rules as [cluster.Action] says.
func add(a, b cluster.Action) cluster.Action {
	a.Delay += b.Delay
	a.Drop = a.Drop || b.Drop
	a.Reset = a.Reset || b.Reset
	a.ResetAfter = a.ResetAfter || b.ResetAfter
	if b.Keep > 0 && (a.Keep == 0 || b.Keep < a.Keep) {
		a.Keep = b.Keep
	}
	if before := a.Before; before == nil {
		a.Before = b.Before
	} else if b.Before != nil {
		a.Before = func() { before(); b.Before() }
	}
	a.Copies = append(a.Copies, b.Copies...)
	return a
}
