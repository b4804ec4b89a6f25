package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
)

func TestWithout(t *testing.T) {
	p := goldenPlan(t, "full")
	hash := plan.Hash(p)
	less := plan.Without(p, "w3.17", "wire-4.1", "final.w0.0", "no such name")
	require.Equal(t, hash, plan.Hash(p), "the plan itself stays as it is")

	require.Len(t, less.Faults, len(p.Faults)-1)
	for _, f := range less.Faults {
		require.NotEqual(t, "wire-4.1", f.Ref)
		require.Contains(t, p.Faults, f)
	}
	require.Equal(t, append(p.Lanes[3][:17:17], p.Lanes[3][18:]...), less.Lanes[3])
	require.Equal(t, p.Lanes[4], less.Lanes[4])
	require.Equal(t, p.Drain, less.Drain)
	require.Equal(t, p.Final[0][1:], less.Final[0])
	require.Equal(t, hash, plan.Hash(plan.Without(p)))

	require.Nil(t, plan.Without(plan.Plan{}, "w0.0").Drain)
}
