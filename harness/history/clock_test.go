package history_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

func TestStampsAreUniqueAndAscend(t *testing.T) {
	for name, now := range map[string]func() time.Duration{
		"real clock":    nil,
		"stopped clock": func() time.Duration { return 5 },
	} {
		t.Run(name, func(t *testing.T) {
			const workers, each = 8, 2000
			clock := history.NewClock(now)
			stamps := make([][]time.Duration, workers)
			var group sync.WaitGroup
			for worker := range workers {
				group.Go(func() {
					for range each {
						stamps[worker] = append(stamps[worker], clock.Stamp())
					}
				})
			}
			group.Wait()
			var all []time.Duration
			for _, own := range stamps {
				require.True(t, slices.IsSorted(own))
				all = append(all, own...)
			}
			slices.Sort(all)
			require.Len(t, slices.Compact(all), workers*each)
		})
	}
}

func TestStampFollowsTheClock(t *testing.T) {
	now := time.Duration(100)
	clock := history.NewClock(func() time.Duration { return now })
	require.Equal(t, time.Duration(100), clock.Stamp())
	require.Equal(t, time.Duration(101), clock.Stamp())
	now = 50
	require.Equal(t, time.Duration(102), clock.Stamp(), "a clock that goes back does not take the stamps along")
	now = 1000
	require.Equal(t, time.Duration(1000), clock.Stamp())
	require.Equal(t, time.Duration(1000), clock.Now())
}
