package transactional

import (
	"fmt"
	"slices"
	"strings"
)

// model is a consistency model: what it implies, and which anomalies it forbids
// beyond those that the models it implies forbid.
type model struct {
	name string
	// alias is another name that it goes by.
	alias   string
	implies []string
	forbids []string
	// exact says that a history without any of the forbidden anomalies has the
	// model; of others that much is known only by stronger models.
	exact bool
}

// models are in an order in which each comes after those that it implies. Names
// and implications are those of Elle, which says where in the literature they
// are from.
func models() []model { return lattice }

var lattice = func() []model {
	session, strong := "strong-session-", "strong-"
	return []model{
		{name: "read-uncommitted", alias: "PL-1", exact: true,
			forbids: []string{g0, duplicateElements, garbageRead}},
		{name: "read-committed", alias: "PL-2", exact: true,
			implies: []string{"read-uncommitted"}, forbids: []string{g1a, g1b, g1c}},
		{name: "monotonic-atomic-view", implies: []string{"read-committed"}},
		{name: "read-atomic", implies: []string{"monotonic-atomic-view"}, forbids: []string{internal, g1a, futureRead}},
		{name: "causal-cerone", implies: []string{"read-atomic"}, forbids: []string{internal, g1a}},
		{name: "prefix", implies: []string{"causal-cerone"}, forbids: []string{internal, g1a}},
		{name: "update-atomic", implies: []string{"read-atomic"}, forbids: []string{lostUpdate}},
		{name: "parallel-snapshot-isolation", exact: true,
			implies: []string{"causal-cerone", "update-atomic"}, forbids: []string{internal, g1a, g1c, gSingle}},
		{name: "cursor-stability", alias: "PL-CS", implies: []string{"read-committed"}, forbids: []string{lostUpdate}},
		{name: "monotonic-view", alias: "PL-2L", implies: []string{"read-committed"}},
		{name: "monotonic-snapshot-read", alias: "PL-MSR", implies: []string{"read-committed"}},
		{name: "consistent-view", alias: "PL-2+", exact: true,
			implies: []string{"cursor-stability", "monotonic-view"}, forbids: []string{gSingle}},
		{name: "forward-consistent-view", alias: "PL-FCV", implies: []string{"consistent-view"}},
		{name: "update-serializable", alias: "PL-3U", implies: []string{"forward-consistent-view"}},
		{name: "repeatable-read", alias: "PL-2.99", implies: []string{"cursor-stability", "monotonic-atomic-view"},
			forbids: []string{g2Item}},
		{name: "snapshot-isolation", alias: "PL-SI", exact: true,
			implies: []string{"forward-consistent-view", "monotonic-atomic-view", "monotonic-snapshot-read", "parallel-snapshot-isolation", "prefix"},
			forbids: []string{internal, gNonadjacent}},
		{name: "serializable", alias: "PL-3", exact: true,
			implies: []string{"repeatable-read", "update-serializable", "snapshot-isolation"}, forbids: []string{internal, g2Item}},

		{name: "monotonic-reads", exact: true, forbids: []string{monotonicReads}},
		{name: "monotonic-writes", exact: true, forbids: []string{monotonicWrites}},
		{name: "read-your-writes", exact: true, forbids: []string{readYourWrites}},
		{name: "writes-follow-reads", exact: true, forbids: []string{writesFollowReads}},
		{name: "PRAM", implies: []string{"monotonic-reads", "monotonic-writes", "read-your-writes"}},
		{name: "causal", implies: []string{"writes-follow-reads", "PRAM"}},
		{name: "sequential", implies: []string{"causal"}},
		{name: "linearizable", implies: []string{"sequential"}},

		{name: session + "read-uncommitted", alias: session + "PL-1", exact: true,
			implies: []string{"read-uncommitted"}, forbids: []string{g0 + inProcess}},
		{name: session + "read-committed", alias: session + "PL-2", exact: true,
			implies: []string{"read-committed", session + "read-uncommitted"}, forbids: []string{g1c + inProcess}},
		{name: session + "snapshot-isolation", exact: true,
			implies: []string{"snapshot-isolation", session + "read-committed", "causal"}, forbids: []string{gNonadjacent + inProcess}},
		{name: session + "serializable", exact: true,
			implies: []string{"serializable", session + "snapshot-isolation"}, forbids: []string{g2Item + inProcess}},
		{name: strong + "read-uncommitted", alias: strong + "PL-1", exact: true,
			implies: []string{session + "read-uncommitted"}, forbids: []string{g0 + inRealTime}},
		{name: strong + "read-committed", alias: strong + "PL-2", exact: true,
			implies: []string{session + "read-committed", strong + "read-uncommitted"}, forbids: []string{g1c + inRealTime}},
		{name: strong + "snapshot-isolation", exact: true,
			implies: []string{session + "snapshot-isolation", strong + "read-committed"}, forbids: []string{gNonadjacent + inRealTime}},
		{name: "strict-serializable", alias: "PL-SS", exact: true,
			implies: []string{session + "serializable", strong + "snapshot-isolation", "linearizable"}, forbids: []string{g2Item + inRealTime}},
	}
}()

// ConsistencyModel is a model that histories can be judged by.
type ConsistencyModel struct {
	Name string
	// Alias is another name for it, as of Adya's levels, or empty.
	Alias string
	// Doc says in a line what it forbids.
	Doc string
}

// ConsistencyModels lists the models, from the weakest on.
func ConsistencyModels() []ConsistencyModel {
	var all []ConsistencyModel
	for _, m := range models() {
		doc := "forbids " + strings.Join(m.forbids, ", ")
		if len(m.forbids) == 0 {
			doc = "judged by weaker and stronger models"
		} else if len(m.implies) > 0 {
			doc += ", and what " + strings.Join(m.implies, " and ") + " forbid"
		}
		all = append(all, ConsistencyModel{Name: m.name, Alias: m.alias, Doc: doc})
	}
	return all
}

// canonical returns the name of the model that goes by a name.
func canonical(name string) (string, error) {
	switch name {
	case "conflict-serializable", "view-serializable":
		return "serializable", nil
	case "strong-serializable":
		return "strict-serializable", nil
	}
	var names []string
	for _, m := range models() {
		if strings.EqualFold(name, m.name) || m.alias != "" && strings.EqualFold(name, m.alias) {
			return m.name, nil
		}
		names = append(names, m.name)
	}
	return "", fmt.Errorf("no consistency model is named %q; there are %s", name, strings.Join(names, ", "))
}

// standing is what is known of a model.
type standing uint8

const (
	unproven standing = iota
	holds
	violated
)

// standings tells which models a history with these anomalies violates, and
// which it has. Undecided are anomalies of which it is not known whether the
// history has them.
func standings(anomalies []string, undecided []string) map[string]standing {
	has, maybe := withImplied(anomalies), withImplied(undecided)
	all := models()
	known := make(map[string]standing, len(all))
	clean := make(map[string]bool, len(all))
	for _, m := range all {
		state := holds
		for _, weaker := range m.implies {
			if known[weaker] == violated {
				state = violated
			}
			if !clean[weaker] && state != violated {
				state = unproven
			}
		}
		for _, anomaly := range m.forbids {
			switch {
			case has[anomaly]:
				state = violated
			case maybe[anomaly] && state == holds:
				state = unproven
			}
		}
		// What a model forbids may be all absent though it is not proven, if a
		// weaker one is not exact.
		clean[m.name] = state == holds
		if state == holds && !m.exact {
			state = unproven
		}
		known[m.name] = state
	}
	// What a stronger model says, weaker ones have.
	for _, m := range slices.Backward(all) {
		if known[m.name] == holds {
			for _, weaker := range m.implies {
				known[weaker] = holds
			}
		}
	}
	return known
}

// boundary returns the weakest models that are violated, and the strongest that
// hold.
func boundary(known map[string]standing) (weakest, strongest []string) {
	implied := make(map[string]bool)
	for _, m := range models() {
		lowest := known[m.name] == violated
		for _, weaker := range m.implies {
			lowest = lowest && known[weaker] != violated
			if known[m.name] == holds {
				implied[weaker] = true
			}
		}
		if lowest {
			weakest = append(weakest, m.name)
		}
	}
	for _, m := range models() {
		if known[m.name] == holds && !implied[m.name] {
			strongest = append(strongest, m.name)
		}
	}
	return weakest, strongest
}

// forbiddenBy returns the anomalies that a model and those that it implies
// forbid.
func forbiddenBy(name string) map[string]bool {
	all := models()
	forbidden := make(map[string]bool)
	wanted := map[string]bool{name: true}
	for _, m := range slices.Backward(all) {
		if !wanted[m.name] {
			continue
		}
		for _, weaker := range m.implies {
			wanted[weaker] = true
		}
		for _, anomaly := range m.forbids {
			forbidden[anomaly] = true
		}
	}
	return forbidden
}

// forbids says whether an anomaly is a case of a forbidden one.
func forbids(forbidden map[string]bool, anomaly string) bool {
	for general := range withImplied([]string{anomaly}) {
		if forbidden[general] {
			return true
		}
	}
	return false
}
