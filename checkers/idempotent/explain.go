package idempotent

import (
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// witness tells of the operations of one counterexample.
type witness struct {
	*judge
	story *words.Story
}

func (j *judge) witness(id int32) *witness { return j.witnessOf(j.name(id)) }

func (j *judge) witnessOf(key string) *witness { return &witness{j, words.NewStory(key)} }

// attempt adds an attempt to the witness.
func (w *witness) attempt(at int32) *witness {
	op := w.at(w.attempts[at].op)
	w.story.Tell(op, words.Attempt(op))
	return w
}

// asked adds an attempt that asked for an effect of some class, the likeliest to
// have been done.
func (w *witness) asked(id, class int32) *witness {
	at := w.keys[id].first
	if class != none {
		if cause, void := w.cause(id, class); cause != none {
			at = cause
		} else if void != none {
			at = void
		}
	}
	return w.attempt(at)
}

// read adds a read-back to the witness, with what it shows of the matter.
func (w *witness) read(at int32, shows string) *witness {
	op := w.brief(w.reads[at].op)
	w.story.Tell(op, words.Read(op, "the books of "+op.Key, shows))
	return w
}

func (w *witness) blameAttempt(at int32) *witness {
	w.story.Blame(w.brief(w.attempts[at].op))
	return w
}

func (w *witness) blameRead(at int32) *witness {
	w.story.Blame(w.brief(w.reads[at].op))
	return w
}

func (w *witness) finding(summary string, remarks ...string) verdict.Finding {
	return w.story.Finding(summary, remarks...)
}

// effectText names an effect by its id.
func (j *judge) effectText(id ident) string {
	if id == noID {
		return "an effect without id"
	}
	return "effect " + words.Value(j.identify(id))
}
