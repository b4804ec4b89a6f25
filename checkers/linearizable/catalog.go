package linearizable

import (
	"fmt"
	"strings"
)

// ModelInfo describes a model to a person.
type ModelInfo struct {
	Name string
	// Doc is one line: its functions, and what they are answered with.
	Doc string
}

type entry struct {
	ModelInfo
	build func(Options) (Model, error)
}

func catalog() []entry {
	return []entry{
		{ModelInfo{"register", "read, write"},
			func(o Options) (Model, error) { return register("register", false, o) }},
		{ModelInfo{"cas-register", "read, write, cas [old new]"},
			func(o Options) (Model, error) { return register("cas-register", true, o) }},
		{ModelInfo{"multi-register", "txn [[r key value] [w key value] …], or read and write of a map"}, multiRegister},
		{ModelInfo{"mutex", "acquire (maybe answered with a fencing token), release"}, mutex},
		{ModelInfo{"kv", "get, put, append of strings"}, kv},
		{ModelInfo{"set", "add, remove, contains (answered true or false), read of all"}, set},
		{ModelInfo{"queue", "enqueue, dequeue (answered nil when empty); first in, first out"}, queue},
		{ModelInfo{"stack", "push, pop (answered nil when empty)"}, stack},
		{ModelInfo{"counter", "add, increment, decrement, add-and-get, read"}, counter},
		{ModelInfo{"log", "append (maybe answered with {offset}), read of all"}, appendLog},
	}
}

// Models lists the models that have a name.
func Models() []ModelInfo {
	var all []ModelInfo
	for _, e := range catalog() {
		all = append(all, e.ModelInfo)
	}
	return all
}

// ModelNamed returns the model of a name.
func ModelNamed(name string, o Options) (Model, error) {
	var names []string
	for _, e := range catalog() {
		if e.Name == name {
			return e.build(o)
		}
		names = append(names, e.Name)
	}
	return Model{}, fmt.Errorf("no model is named %q; there are %s", name, strings.Join(names, ", "))
}
