package linearizable

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/search"
	"github.com/tertium-dev/tertium/harness/history"
)

type kvCode uint8

const (
	kvGet kvCode = iota
	kvPut
	kvAppend
)

type kvStep struct {
	code  kvCode
	value string
}

// kv is a map of strings to strings with get, put and append, key by key. A key
// that was never put is the empty string.
func kv(Options) (Model, error) {
	return Model{
		Name:      "kv",
		Property:  "a string with get, put and append",
		Functions: []string{"get", "put", "append"},
		Init:      "",
		Parse:     parseKV,
		Apply: func(state, step any) (any, bool) {
			s := step.(kvStep)
			held, alive := state.(string)
			switch {
			case s.code == kvPut:
				return s.value, true
			case s.code == kvGet:
				return state, alive && held == s.value
			case !alive:
				return state, true
			}
			return held + s.value, true
		},
		ReadOnly:   func(step any) bool { return step.(kvStep).code == kvGet },
		Total:      func(step any) bool { return step.(kvStep).code != kvGet },
		Overwrites: func(step any) bool { return step.(kvStep).code == kvPut },
		Tell:       tellKV,
		future:     kvFuture,
		advice:     "put often, and append strings that are not parts of each other",
	}, nil
}

func parseKV(op *history.Operation) (any, error) {
	if op.F == "get" {
		if op.Outcome != history.OK {
			return nil, nil
		}
		value, err := optionalString(op.Output)
		return kvStep{kvGet, value}, err
	}
	if op.Outcome == history.Fail {
		return nil, nil
	}
	value, ok := op.Input.(string)
	if !ok {
		return nil, fmt.Errorf("a %s takes a string, not %s", op.F, show(op.Input))
	}
	if op.F == "put" {
		return kvStep{kvPut, value}, nil
	}
	return kvStep{kvAppend, value}, nil
}

func optionalString(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", fmt.Errorf("a get is answered with a string, not %s", show(v))
}

// kvFuture: a string matters to a get that saw it, or something that begins with
// it, unless that get has returned, or a put is certain to come between: one that
// is called from now on and returns before the get is called. A put matters as
// long as a get that saw something that begins with its string; an append, as long
// as somebody sees what it appends at the end of, or inside, a string.
func kvFuture(ops []Op) *search.Future {
	var gets []kvSeen
	var puts []Op
	appended := map[string]int{}
	for _, op := range ops {
		switch s := op.Step.(kvStep); s.code {
		case kvGet:
			gets = append(gets, kvSeen{s.value, op.Call, op.Return})
		case kvAppend:
			appended[s.value] = -1
		case kvPut:
			puts = append(puts, op)
		}
	}
	for value := range appended {
		for _, g := range gets {
			if g.until > appended[value] && strings.Contains(g.value, value) {
				appended[value] = g.until
			}
		}
	}
	w := newKVWindow(gets, puts)
	sort.Slice(gets, func(i, j int) bool { return gets[i].value < gets[j].value })
	horizon := func(prefix string) int {
		until := -1
		for _, g := range begunBy(gets, prefix) {
			until = max(until, g.until)
		}
		return until
	}
	return &search.Future{
		Dead: gone{}, Least: true,
		At: w.at,
		Step: func(step any) int {
			switch s := step.(kvStep); s.code {
			case kvPut:
				return horizon(s.value)
			case kvAppend:
				return appended[s.value]
			}
			return Never
		},
	}
}

// kvSeen is what a get saw, from its call until its return.
type kvSeen struct {
	value       string
	call, until int
}

// begunBy returns those of some gets, which are in the order of what they saw,
// that saw something which begins with a prefix.
func begunBy(gets []kvSeen, prefix string) []kvSeen {
	first := sort.Search(len(gets), func(i int) bool { return gets[i].value >= prefix })
	last := first
	for last < len(gets) && strings.HasPrefix(gets[last].value, prefix) {
		last++
	}
	return gets[first:last]
}

// kvWindow holds the gets that what is there now can matter to.
type kvWindow struct {
	// gets and puts are in the order of their calls, and soonest is, for each of
	// the puts, the first return of it and those after it.
	gets    []kvSeen
	puts    []Op
	soonest []int
	// now is the position, next the first of the gets that are called after a put
	// which is certain to come, and open are those before it that have not
	// returned, in the order of what they saw.
	now, next int
	open      []kvSeen
}

func newKVWindow(gets []kvSeen, puts []Op) *kvWindow {
	w := &kvWindow{gets: slices.Clone(gets), puts: slices.Clone(puts), now: Never, soonest: make([]int, len(puts)+1)}
	slices.SortFunc(w.gets, func(a, b kvSeen) int { return a.call - b.call })
	slices.SortFunc(w.puts, func(a, b Op) int { return a.Call - b.Call })
	soonest := Never
	w.soonest[len(puts)] = soonest
	for i := len(puts) - 1; i >= 0; i-- {
		soonest = min(soonest, w.puts[i].Return)
		w.soonest[i] = soonest
	}
	return w
}

// at is that of the Future.
func (w *kvWindow) at(now int) (matters, toOpen func(any) bool) {
	if now < w.now {
		w.next, w.open = 0, w.open[:0]
	}
	w.now = now
	put := w.soonest[sort.Search(len(w.puts), func(i int) bool { return w.puts[i].Call >= now })]
	w.open = slices.DeleteFunc(w.open, func(g kvSeen) bool { return g.until < now })
	for ; w.next < len(w.gets) && w.gets[w.next].call < put; w.next++ {
		if g := w.gets[w.next]; g.until >= now {
			place, _ := slices.BinarySearchFunc(w.open, g, func(a, b kvSeen) int { return strings.Compare(a.value, b.value) })
			w.open = slices.Insert(w.open, place, g)
		}
	}
	return func(state any) bool {
			held, alive := state.(string)
			return alive && len(begunBy(w.open, held)) > 0
		}, func(state any) bool {
			held, alive := state.(string)
			return alive && slices.ContainsFunc(begunBy(w.open, held), func(g kvSeen) bool { return g.call < now })
		}
}

func tellKV(op *history.Operation) string {
	may := ""
	if op.Outcome == history.Unknown {
		may = "may have "
	}
	switch op.F {
	case "get":
		if op.Outcome == history.OK {
			return "got " + show(op.Output)
		}
		return "asked for it"
	case "append":
		return may + "appended " + show(op.Input)
	}
	return may + "put " + show(op.Input)
}
