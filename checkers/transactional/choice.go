package transactional

import "github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"

// block is a run of versions of a key with nothing between them: each was
// written by a transaction that had read the one before.
type block struct {
	// head wrote the first version, and last the last.
	head, last uint32
	// readers saw the last version.
	readers []uint32
}

// choice is the blocks of a key of which the order is not known. None of them is
// known to be the first.
type choice struct {
	key    uint32
	blocks []block
}

// guess is that a block of a choice is before another of the same.
type guess struct{ choice, before, after uint32 }

func (g guess) turned() guess { return guess{g.choice, g.after, g.before} }

// The kinds of edges that follow from guesses. They are wx and rw otherwise.
const (
	guessed digraph.Kind = life + 1 + iota
	guessedMiss
)

// known turns the kind of an edge from a guess into what it is once the guess is
// certain.
func known(kind digraph.Kind) digraph.Kind {
	switch kind {
	case guessed:
		return wx
	case guessedMiss:
		return rw
	}
	return kind
}

// edges adds what follows from a guess.
func (c *choice) edges(b *digraph.Builder, g guess, certain bool) {
	direct, miss := guessed, guessedMiss
	if certain {
		direct, miss = wx, rw
	}
	before, after := &c.blocks[g.before], &c.blocks[g.after]
	b.Add(before.last, after.head, direct)
	for _, reader := range before.readers {
		b.Add(reader, after.head, miss)
	}
}
