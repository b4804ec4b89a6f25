package linearizable

import (
	"fmt"
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

// kvFuture: a string matters until the last get that saw it, or saw something
// that begins with it, has returned. What is put matters likewise; what is
// appended, as long as somebody sees it at the end of, or inside, a string.
func kvFuture(ops []Op) *search.Future {
	type seen struct {
		value string
		until int
	}
	var gets []seen
	appended := map[string]int{}
	for _, op := range ops {
		switch s := op.Step.(kvStep); s.code {
		case kvGet:
			gets = append(gets, seen{s.value, op.Return})
		case kvAppend:
			appended[s.value] = -1
		}
	}
	sort.Slice(gets, func(i, j int) bool { return gets[i].value < gets[j].value })
	for value := range appended {
		for _, g := range gets {
			if g.until > appended[value] && strings.Contains(g.value, value) {
				appended[value] = g.until
			}
		}
	}
	// Strings that begin with a prefix stand together when sorted.
	horizon := func(prefix string) int {
		until := -1
		first := sort.Search(len(gets), func(i int) bool { return gets[i].value >= prefix })
		for _, g := range gets[first:] {
			if !strings.HasPrefix(g.value, prefix) {
				break
			}
			until = max(until, g.until)
		}
		return until
	}
	return &search.Future{
		Dead: gone{},
		State: func(state any) int {
			held, alive := state.(string)
			if !alive {
				return -1
			}
			return horizon(held)
		},
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
