package params_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
)

var ranges = map[string][2]int64{"percent": {5, 30}, "delay_ms": {10, 80}}

func TestReadFillsWhatThePlanLeavesOpen(t *testing.T) {
	got, err := params.Read(plan.Fault{Args: map[string]int64{"delay_ms": 700}}, ranges)
	require.NoError(t, err)
	require.Equal(t, params.Values{"percent": 5, "delay_ms": 700}, got)
	require.Equal(t, 700*time.Millisecond, got.Milliseconds("delay_ms"))
}

func TestReadRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args   map[string]int64
		ranges map[string][2]int64
		want   string
	}{
		"unknown name":     {map[string]int64{"speed": 1}, ranges, `f1 (slow) has no argument "speed"; it has delay_ms, percent`},
		"none allowed":     {map[string]int64{"speed": 1}, nil, `no argument "speed"; it has none`},
		"negative":         {map[string]int64{"delay_ms": -1}, ranges, "delay_ms is -1; it must be from 0 to 1000000000"},
		"more than all":    {map[string]int64{"percent": 101}, ranges, "percent is 101; it must be from 0 to 100"},
		"overflowing soon": {map[string]int64{"delay_ms": 1 << 60}, ranges, "it must be from 0 to 1000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := params.Read(plan.Fault{Ref: "f1", Kind: "slow", Args: test.args}, test.ranges)
			require.ErrorContains(t, err, test.want)
		})
	}
}
