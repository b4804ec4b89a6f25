package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/checkers/bank"
	"github.com/tertium-dev/tertium/checkers/causalreverse"
	"github.com/tertium-dev/tertium/checkers/counterbounds"
	"github.com/tertium-dev/tertium/checkers/kafkalog"
	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/checkers/longfork"
	"github.com/tertium-dev/tertium/checkers/setfull"
	"github.com/tertium-dev/tertium/checkers/totalqueue"
	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/checkers/uniqueids"
	"github.com/tertium-dev/tertium/harness"
)

// model is something that histories can be checked by, named as Jepsen, Knossos
// and Elle name it.
type model struct {
	name, kind, doc string
	checker         func(modelOptions) (harness.Checker, error)
}

// modelOptions are what the models depend on besides the history.
type modelOptions struct {
	// consistency is a consistency model of transactions; empty means the
	// strongest.
	consistency  string
	linearizable linearizable.Options
}

// models are all models, by name.
func models() []model {
	plain := func(c harness.Checker) func(modelOptions) (harness.Checker, error) {
		return func(modelOptions) (harness.Checker, error) { return c, nil }
	}
	all := []model{
		transactions(transactional.ListAppend, "txn of [append k v] and [r k [v …]]"),
		transactions(transactional.RWRegister, "txn of [w k v] and [r k v]"),
		{"bank", "total", "read of {account balance …}, whose sum never changes", plain(bank.Checker{})},
		{"long-fork", "snapshots", "read of groups of keys that are written once, in no two orders", plain(longfork.Checker{})},
		{"counter", "bounds", "add, read: each read between what must and what may have been added", plain(counterbounds.New(counterbounds.AcceptUnread()))},
		{"total-queue", "delivery", "enqueue, dequeue, drain: nothing lost, doubled or unexpected", plain(totalqueue.New())},
		{"set-full", "delivery", "add, read of all: nothing lost, stale or resurrected", plain(setfull.New())},
		{"kafka", "delivery", "send, poll of [offset value] by partition: nothing lost, skipped, moved or doubled", plain(kafkalog.New())},
		{"unique-ids", "ids", "generate: no id twice", plain(uniqueids.New())},
		{"causal-reverse", "snapshots", "write, read of all: no write without those acknowledged before it", plain(causalreverse.New())},
	}
	for _, info := range linearizable.Models() {
		name := info.Name
		if name == "counter" {
			// Jepsen's counter is the weaker one, of bounds.
			name = "linearizable-counter"
		}
		all = append(all, model{name, "linearizable", info.Doc, func(o modelOptions) (harness.Checker, error) {
			m, err := linearizable.ModelNamed(info.Name, o.linearizable)
			if err != nil {
				return nil, err
			}
			return linearizable.New(m), nil
		}})
	}
	slices.SortFunc(all, func(a, b model) int { return cmp.Compare(a.name, b.name) })
	return all
}

func transactions(workload transactional.Workload, doc string) model {
	return model{workload.String(), "transactional", doc, func(o modelOptions) (harness.Checker, error) {
		if o.consistency == "" {
			return transactional.New(workload)
		}
		return transactional.New(workload, transactional.WithModel(o.consistency))
	}}
}

func findModel(name string) (model, error) {
	all := models()
	i := slices.IndexFunc(all, func(m model) bool { return m.name == name })
	if i < 0 {
		return model{}, fmt.Errorf("no model is called %q; `tertium models` lists them", name)
	}
	return all[i], nil
}

func newModels() *cobra.Command {
	return newList("models", "List the models that `tertium check --model` knows", func() []listed {
		return list(models(), func(m model) listed { return listed{m.name, []string{m.kind}, m.doc} })
	})
}

func newConsistencyModels() *cobra.Command {
	return newList("consistency-models", "List the models that `tertium check --consistency-model` knows", func() []listed {
		return list(transactional.ConsistencyModels(), func(m transactional.ConsistencyModel) listed {
			var aliases []string
			if m.Alias != "" {
				aliases = append(aliases, m.Alias)
			}
			return listed{m.Name, aliases, m.Doc}
		})
	})
}
