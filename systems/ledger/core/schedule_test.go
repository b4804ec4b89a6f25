package core_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/systems/ledger/core"
)

func drawChaos(t *rapid.T) chaos {
	most := func(name string, n int) int { return rapid.IntRange(0, n).Draw(t, name) }
	return chaos{
		Nodes: rapid.SampledFrom([]int{3, 1, 5}).Draw(t, "nodes"),
		Lose:  most("lose", 150), Double: most("double", 100),
		Crash: most("crash", 8), Restart: 50 + most("restart", 100),
		Cut: most("cut", 8), Mend: 5 + most("mend", 10), GiveUp: 20 + most("give up", 100),
		KeyTTL: day, Skew: time.Duration(most("skew", 1000)) * time.Second,
	}
}

// A correct core keeps every promise whatever the network and the disks do.
func TestAnySchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSim(rapid.Uint64().Draw(t, "seed"), drawChaos(t), core.Bugs{})
		require.NoError(t, s.run(3000))
		require.NoError(t, s.judge())
	})
}

// Each planted bug of the core breaks a promise on some schedule, and so the
// judges of these tests can see it.
func TestBugsShow(t *testing.T) {
	rough := chaos{
		Nodes: 3, Lose: 60, Double: 30, Crash: 3, Restart: 60, Cut: 3, Mend: 6, GiveUp: 60, KeyTTL: day,
	}
	// A deposed leader must live on, cut off, while clients ask it.
	split := chaos{Nodes: 3, Cut: 20, Mend: 2, GiveUp: 200, KeyTTL: day}
	for name, show := range map[string]struct {
		chaos chaos
		bugs  core.Bugs
	}{
		"stale follower read":     {rough, core.Bugs{StaleFollowerRead: true}},
		"stale leader read":       {split, core.Bugs{StaleLeaderRead: true}},
		"cas outside log":         {rough, core.Bugs{CASOutsideLog: true}},
		"ack before quorum":       {rough, core.Bugs{AckBeforeQuorum: true}},
		"no dedupe":               {rough, core.Bugs{NoDedupe: true}},
		"dedupe in memory":        {rough, core.Bugs{DedupeInMemory: true}},
		"dedupe lost in snapshot": {rough, core.Bugs{DedupeLostInSnapshot: true}},
		"key after effect":        {rough, core.Bugs{KeyAfterEffect: true}},
		"concurrent duplicates":   {rough, core.Bugs{ConcurrentDuplicates: true}},
		"key any payload":         {rough, core.Bugs{KeyAnyPayload: true}},
		"key not scoped":          {rough, core.Bugs{KeyNotScopedByTenant: true}},
		"replay differs":          {rough, core.Bugs{ReplayDiffers: true}},
		"transfer half":           {rough, core.Bugs{TransferHalf: true}},
		"key expires in flight":   {rough, core.Bugs{KeyExpiresInFlight: true}},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				s := newSim(seed, show.chaos, show.bugs)
				require.NoError(t, s.run(3000), "seed %d", seed)
				if err := s.judge(); err != nil {
					t.Logf("seed %d: %v", seed, err)
					return
				}
			}
			t.Fatal("no schedule shows it")
		})
	}
}

// Equal seeds give equal runs: no clock, no order of a map and no source of
// randomness but the seed is in a core.
func TestDeterministic(t *testing.T) {
	world := chaos{
		Nodes: 5, Lose: 60, Double: 30, Crash: 3, Restart: 60, Cut: 3, Mend: 6, GiveUp: 60, KeyTTL: day,
	}
	run := func(seed uint64) string {
		s := newSim(seed, world, core.Bugs{})
		require.NoError(t, s.run(2000))
		var text strings.Builder
		for _, a := range s.history.attempts {
			fmt.Fprintf(&text, "%d %d %+v %+v %+v\n", a.called, a.done, a.command, a.query, a.result)
		}
		return text.String() + s.describe()
	}
	require.NotEqual(t, run(1), run(2))
	for seed := range uint64(20) {
		require.Equal(t, run(seed), run(seed), "seed %d", seed)
	}
}
