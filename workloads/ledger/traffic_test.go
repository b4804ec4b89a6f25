package ledger_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/ledger"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := ledger.Workload{}
	c := plan.Config{System: "none", Workload: w.Name(), Nodes: []string{"n1", "n2", "n3"}}
	if change != nil {
		change(&c)
	}
	w.Defaults(&c)
	p, err := plan.Expand(1, c, w.Generators(c), nil)
	require.NoError(t, err)
	return p
}

// sent is an operation with the worker that does it.
type sent struct {
	worker int
	plan.Op
}

func all(lanes [][]plan.Op) []sent {
	var ops []sent
	for worker, lane := range lanes {
		for _, op := range lane {
			ops = append(ops, sent{worker, op})
		}
	}
	return ops
}

// byIdem groups the operations that have an idempotency key.
func byIdem(ops []sent) map[string][]sent {
	groups := map[string][]sent{}
	for _, op := range ops {
		if op.Idem != "" {
			groups[op.Idem] = append(groups[op.Idem], op)
		}
	}
	return groups
}

// The plan of a seed changes only with intent: recorded seeds stand for it.
func TestPlanGolden(t *testing.T) {
	require.Equal(t, "2df479cb91eb0e82f8eab940cea777c4c32f4e38b7b894cc4bb8eea8e5e82c9c", plan.Hash(expand(t, nil)))
}

func TestRequestsAreWellFormed(t *testing.T) {
	p := expand(t, nil)
	account := regexp.MustCompile(`^t[12]/a([1-9]|1[0-2])$`)
	for _, op := range append(all(p.Lanes), all(p.Drain)...) {
		if op.F == "balance" {
			require.True(t, account.MatchString(op.Key), op.Key)
			require.Nil(t, op.Value)
			require.Empty(t, op.Idem)
			continue
		}
		value := op.Value.(map[string]any)
		tenant := value["tenant"].(string)
		require.Equal(t, 3, op.Retries, op.Ref)
		require.Positive(t, value["amount"].(int64), op.Ref)
		require.True(t, strings.HasPrefix(op.Idem, tenant+"/"+op.F+"/"), op.Ref)
		switch op.F {
		case "deposit":
			require.Len(t, value, 3)
			require.Equal(t, tenant+"/"+value["account"].(string), op.Key)
		case "transfer":
			require.Len(t, value, 4)
			require.Equal(t, tenant+"/"+value["from"].(string), op.Key)
			require.NotEqual(t, value["from"], value["to"], op.Ref)
		default:
			t.Fatalf("%s is a %s", op.Ref, op.F)
		}
	}
}

func TestAccountsAreFundedFirst(t *testing.T) {
	p := expand(t, nil)
	funded := map[string]bool{}
	for _, lane := range p.Lanes {
		for _, op := range lane {
			if op.At < 100*time.Millisecond && op.F == "deposit" {
				funded[op.Key] = true
			}
		}
	}
	require.Len(t, funded, 24)
}

func TestMixOfTraffic(t *testing.T) {
	p := expand(t, nil)
	ops := all(p.Lanes)
	require.InDelta(t, 1500*28, len(ops), 400)
	count := map[string]int{}
	var again, conflicts, twins, clicks, soon, late int
	for _, op := range ops {
		count[op.F]++
	}
	groups := byIdem(ops)
	for idem, group := range groups {
		first := group[0]
		for _, op := range group[1:] {
			switch {
			case op.worker != first.worker:
				if gap := (op.At - first.At).Abs(); gap == 0 {
					twins++
					require.Contains(t, idem, "/twin-")
				} else {
					clicks++
					require.Contains(t, []time.Duration{60e6, 120e6, 250e6}, gap)
				}
				require.Equal(t, first.Value, op.Value)
			case !equal(op, first):
				conflicts++
			default:
				again++
				if op.At-first.At < time.Second {
					soon++
				} else {
					late++
				}
			}
		}
	}
	share := func(n int) float64 { return 100 * float64(n) / float64(len(ops)) }
	require.InDelta(t, 55, share(count["transfer"]), 2)
	require.InDelta(t, 29, share(count["balance"]), 1)
	require.InDelta(t, 1.5, share(twins), 0.1, "each pair is two operations")
	require.InDelta(t, 3.5, share(clicks), 0.2)
	require.InDelta(t, 5.8, share(again), 0.7)
	require.Greater(t, share(soon), 2.0)
	require.Greater(t, share(late), 2.0)
	require.InDelta(t, 2, share(conflicts), 0.7)

	var foreign, crossed int
	for idem := range groups {
		parts := strings.Split(idem, "/")
		other := map[string]string{"t1": "t2", "t2": "t1"}[parts[0]]
		if groups[other+"/"+parts[1]+"/"+parts[2]] != nil && !strings.HasPrefix(parts[2], "open-") {
			foreign++
		}
		f := map[string]string{"deposit": "transfer", "transfer": "deposit"}[parts[1]]
		if groups[parts[0]+"/"+f+"/"+parts[2]] != nil {
			crossed++
		}
	}
	require.Greater(t, share(foreign), 3.0, "two keys of a pair each")
	require.Greater(t, share(crossed), 3.0, "two keys of a pair each")
}

func equal(a, b sent) bool {
	x, y := a.Value.(map[string]any), b.Value.(map[string]any)
	if len(x) != len(y) || a.Key != b.Key {
		return false
	}
	for name := range x {
		if x[name] != y[name] {
			return false
		}
	}
	return true
}

func TestReplaysReachEveryNode(t *testing.T) {
	p := expand(t, nil)
	nodes := map[string]int{}
	for _, op := range all(p.Lanes) {
		nodes[op.Node]++
	}
	require.Len(t, nodes, 4, "the worker's own and each of three")
	for _, node := range p.Config.Nodes {
		require.Greater(t, nodes[node], 500)
	}
}

func TestDrainSendsEarlierRequestsAgain(t *testing.T) {
	p := expand(t, nil)
	main := byIdem(all(p.Lanes))
	nodes := map[string]int{}
	var again, fresh, early int
	for _, op := range all(p.Drain) {
		if op.Idem == "" {
			continue
		}
		earlier := main[op.Idem]
		if earlier == nil {
			fresh++
			continue
		}
		again++
		nodes[op.Node]++
		matches := false
		for _, e := range earlier {
			matches = matches || equal(op, e)
		}
		require.True(t, matches, "%s is not what was sent", op.Ref)
		if earlier[0].At < 10*time.Second {
			early++
		}
	}
	require.Greater(t, again, 1500)
	require.Greater(t, early, 400, "from all of the run")
	require.Greater(t, fresh, 400)
	require.Len(t, nodes, 3)
}

func TestReadBack(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"many workers": nil,
		"one worker":   func(c *plan.Config) { c.Workers = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			once, twice := map[string]int{}, map[string]int{}
			for _, op := range all(p.Final) {
				name := op.F + " " + op.Key + " " + op.Node
				if op.Unless == nil {
					once[name]++
					continue
				}
				require.Equal(t, 1, once[name], "the second reading comes after the first")
				require.Equal(t, plan.Condition{F: op.F, Outcome: 1, Count: 6}, *op.Unless)
				twice[name]++
			}
			require.Len(t, once, 2*2*3)
			require.Equal(t, once, twice)
		})
	}
}

func TestOddConfigs(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"one worker":   func(c *plan.Config) { c.Workers = 1 },
		"one account":  func(c *plan.Config) { c.Keys = 1 },
		"one a second": func(c *plan.Config) { c.Rate = 1 },
		"one node":     func(c *plan.Config) { c.Nodes = c.Nodes[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			require.NotEmpty(t, p.Lanes[0])
			require.NotEmpty(t, p.Final[0])
		})
	}
}

func BenchmarkExpand(b *testing.B) {
	for b.Loop() {
		expand(b, nil)
	}
}
