package main

import (
	"fmt"
	"maps"
	"strings"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
	"github.com/tertium-dev/tertium/harness/journal"
)

// defaultRuntime needs nothing but this binary.
const defaultRuntime = "local"

// runtimes is the registry of runtimes, the default one first.
func runtimes() []cluster.Runtime {
	return []cluster.Runtime{local.Runtime{}, docker.Runtime{}}
}

func findRuntime(name string) (cluster.Runtime, error) {
	var names []string
	for _, r := range runtimes() {
		if r.Name() == name {
			return r, nil
		}
		names = append(names, r.Name())
	}
	return nil, fmt.Errorf("no runtime is called %q; there are: %s", name, strings.Join(names, ", "))
}

// undoers are those of everything that a run can leave behind.
func undoers() map[string]journal.Undoer {
	all := journal.Undoers()
	maps.Copy(all, docker.Undoers())
	maps.Copy(all, lossy.Undoers())
	return all
}
