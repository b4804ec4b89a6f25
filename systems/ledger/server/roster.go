package server

import (
	"maps"
	"slices"
)

// roster numbers the nodes for Raft: from 1, in the order of their names, which
// is the same on every node.
type roster struct {
	names []string
	ids   map[string]uint64
}

func newRoster(o Options) roster {
	names := append(slices.Collect(maps.Keys(o.Peers)), o.ID)
	slices.Sort(names)
	r := roster{names: names, ids: make(map[string]uint64)}
	for i, name := range names {
		r.ids[name] = uint64(i + 1)
	}
	return r
}

func (r roster) voters() []uint64 {
	ids := make([]uint64, len(r.names))
	for i := range ids {
		ids[i] = uint64(i + 1)
	}
	return ids
}

// name returns the name of a node, "" for id 0.
func (r roster) name(id uint64) string {
	if id == 0 || id > uint64(len(r.names)) {
		return ""
	}
	return r.names[id-1]
}
