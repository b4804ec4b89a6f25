// Package workloads is the registry of workloads, each in a folder of its own.
package workloads

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/workloads/bank"
	"github.com/tertium-dev/tertium/workloads/counter"
	"github.com/tertium-dev/tertium/workloads/ledger"
	"github.com/tertium-dev/tertium/workloads/listappend"
	"github.com/tertium-dev/tertium/workloads/lock"
	"github.com/tertium-dev/tertium/workloads/longfork"
	"github.com/tertium-dev/tertium/workloads/membership"
	"github.com/tertium-dev/tertium/workloads/queue"
	"github.com/tertium-dev/tertium/workloads/register"
	"github.com/tertium-dev/tertium/workloads/rwregister"
	"github.com/tertium-dev/tertium/workloads/set"
	"github.com/tertium-dev/tertium/workloads/stream"
)

// All returns every workload.
func All() []harness.Workload {
	return []harness.Workload{
		register.Workload{},
		ledger.Workload{},
		set.Workload{},
		membership.Workload{},
		counter.Workload{},
		listappend.Workload{},
		rwregister.Workload{},
		queue.Workload{},
		stream.Workload{},
		bank.Workload{},
		longfork.Workload{},
		lock.Workload{},
	}
}

// Find returns the workload of that name. Several, separated by commas or as in
// the name of what it returns by "+", are put side by side: each has its part
// of the workers and its part of the rate.
func Find(names string) (harness.Workload, error) {
	var found []harness.Workload
	for _, name := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == '+' }) {
		name = strings.TrimSpace(name)
		w, err := find(name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(found, func(w harness.Workload) bool { return w.Name() == name }) {
			return nil, fmt.Errorf("workload %s is named twice: name it once", name)
		}
		found = append(found, w)
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no workload is named: choose from %s", known())
	case 1:
		return found[0], nil
	}
	return compose(found)
}

// SideBySide returns those of some workloads that can be put side by side, for
// [Find]: the first, and each other that shares no function with those before
// it. Of one that is not known Find says so.
func SideBySide(names []string) string {
	var chosen []harness.Workload
	var list []string
	for _, name := range names {
		w, err := find(name)
		if err != nil {
			return name
		}
		more := append(slices.Clone(chosen), w)
		if _, err := compose(more); len(chosen) == 0 || err == nil {
			chosen, list = more, append(list, name)
		}
	}
	return strings.Join(list, ",")
}

func find(name string) (harness.Workload, error) {
	for _, w := range All() {
		if w.Name() == name {
			return w, nil
		}
	}
	return nil, fmt.Errorf("no workload is called %q: choose from %s", name, known())
}

func known() string {
	var names []string
	for _, w := range All() {
		names = append(names, w.Name())
	}
	return strings.Join(names, ", ")
}
