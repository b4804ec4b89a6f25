package plan

import (
	"iter"
	"strconv"
)

// Choice is a generator with its weight in a [Mix].
type Choice struct {
	weight    int
	generator Generator
}

// Weigh gives a generator a weight, relative to the others in its mix.
func Weigh(weight int, g Generator) Choice { return Choice{weight, g} }

// Mix takes each operation from one of the choices at random, by weight. A
// choice that ends is left out from then on. What the choices say of At is kept,
// so a mix belongs inside [Stagger], not around it.
func Mix(choices ...Choice) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			weights := make([]int, len(choices))
			next := make([]func() (Op, bool), len(choices))
			for i, choice := range choices {
				weights[i] = choice.weight
				pull, stop := iter.Pull(choice.generator(scope.Within("mix." + strconv.Itoa(i))))
				defer stop()
				next[i] = pull
			}
			r := scope.Stream()
			for i := r.Weighted(weights); i >= 0; i = r.Weighted(weights) {
				op, ok := next[i]()
				if !ok {
					weights[i] = 0
					continue
				}
				if !yield(op) {
					return
				}
			}
		}
	}
}
