package link

import (
	"slices"

	"github.com/tertium-dev/tertium/harness/plan"
)

// cuts are the ways between nodes that are cut.
type cuts map[way]bool

// way leads from one node to another, whoever opened the connection.
type way struct{ from, to string }

func (w way) String() string { return w.from + "→" + w.to }

// apart cuts both ways.
func (c cuts) apart(a, b string) {
	c[way{a, b}] = true
	c[way{b, a}] = true
}

// list names the ways, in order.
func (c cuts) list() []string {
	var names []string
	for way, cut := range c {
		if cut {
			names = append(names, way.String())
		}
	}
	slices.Sort(names)
	return names
}

// isolate cuts one node off from all others.
func isolate(nodes []string, one string) cuts {
	c := cuts{}
	for _, other := range nodes {
		if other != one {
			c.apart(one, other)
		}
	}
	return c
}

// mute has nothing from one node reach the others, which still reach it.
func mute(nodes []string, one string) cuts {
	c := cuts{}
	for _, other := range nodes {
		if other != one {
			c[way{one, other}] = true
		}
	}
	return c
}

// deafen has nothing from the others reach one node, which still reaches them.
func deafen(nodes []string, one string) cuts {
	c := cuts{}
	for _, other := range nodes {
		if other != one {
			c[way{other, one}] = true
		}
	}
	return c
}

// bridge splits all nodes but one into two halves that see that one and not each
// other. Of three nodes two lose sight of each other.
func bridge(nodes []string, middle string, draws *plan.Stream) cuts {
	var others []string
	for _, i := range draws.Shuffled(len(nodes)) {
		if nodes[i] != middle {
			others = append(others, nodes[i])
		}
	}
	c := cuts{}
	half := len(others) / 2
	for _, a := range others[:half] {
		for _, b := range others[half:] {
			c.apart(a, b)
		}
	}
	return c
}

// ring puts the nodes on a ring in random order, where each hears no more
// others than make a majority with itself: as many on either side, and if that
// does not come out even, as with three nodes, one more ahead. No two hear the
// same majority.
func ring(nodes []string, draws *plan.Stream) cuts {
	order := draws.Shuffled(len(nodes))
	heard := len(nodes) / 2
	behind, ahead := heard/2, heard-heard/2
	c := cuts{}
	for i := range order {
		for step := ahead + 1; step < len(order)-behind; step++ {
			c[way{nodes[order[(i+step)%len(order)]], nodes[order[i]]}] = true
		}
	}
	return c
}
