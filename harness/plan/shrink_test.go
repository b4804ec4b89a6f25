package plan_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/harness/plan/internal/golden"
)

// refs are the names of everything in a plan.
func refs(p plan.Plan) []string {
	var all []string
	for _, f := range p.Faults {
		all = append(all, f.Ref)
	}
	for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain, p.Final} {
		for _, lane := range lanes {
			for _, op := range lane {
				all = append(all, op.Ref)
			}
		}
	}
	return all
}

// faulty is a small plan with all kinds of faults.
func faulty(t *testing.T) plan.Plan {
	small := config(func(c *plan.Config) {
		for _, spec := range golden.Specs() {
			c.Faults = append(c.Faults, spec.Kind)
		}
	})
	p, err := plan.Expand(1, small, golden.Generators(), golden.Specs())
	require.NoError(t, err)
	return p
}

// needs is a failure that takes all of these, and nothing else.
func needs(wanted ...string) plan.Failing {
	return func(_ context.Context, p plan.Plan) (bool, error) {
		there := map[string]bool{}
		for _, ref := range refs(p) {
			there[ref] = true
		}
		for _, ref := range wanted {
			if !there[ref] {
				return false, nil
			}
		}
		return true, nil
	}
}

func TestShrinkFindsWhatMatters(t *testing.T) {
	p := faulty(t)
	for _, wanted := range [][]string{
		{},
		{"wire-3.1"},
		{"w3.17"},
		{"final.w0.0"},
		{"wire-3.1", "node-5.1", "w4.300", "w3.17", "drain.w2.1", "final.w1.0"},
	} {
		s, err := plan.Shrink(t.Context(), p, needs(wanted...), plan.Effort{})
		require.NoError(t, err)
		require.True(t, s.Complete)
		require.ElementsMatch(t, wanted, refs(s.Plan))
		require.Less(t, s.Runs, 500)
		require.Less(t, s.Plan.Config.Time, p.Config.Time)
		require.Len(t, s.Plan.Lanes, p.Config.Workers, "workers keep their places")
	}
}

func TestShrinkProperties(t *testing.T) {
	p := goldenPlan(t, "small")
	all := refs(p)
	rapid.Check(t, func(t *rapid.T) {
		wanted := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, 8, rapid.ID).Draw(t, "wanted")
		s, err := plan.Shrink(context.Background(), p, needs(wanted...), plan.Effort{})
		require.NoError(t, err)
		require.ElementsMatch(t, wanted, refs(s.Plan))
	})
}

func TestShrinkCutsTime(t *testing.T) {
	p := faulty(t)
	lastOf := func(p plan.Plan) (last time.Duration) {
		for _, lane := range p.Lanes {
			for _, op := range lane {
				last = max(last, op.At)
			}
		}
		return last
	}
	// A failure that takes many operations, none of them in particular, until
	// a moment.
	s, err := plan.Shrink(t.Context(), p, func(_ context.Context, p plan.Plan) (bool, error) {
		return lastOf(p) >= 10*time.Second, nil
	}, plan.Effort{})
	require.NoError(t, err)
	require.Len(t, refs(s.Plan), 1)
	require.InDelta(t, 10*time.Second, p.Config.WarmUp+s.Plan.Config.Time, float64(150*time.Millisecond))
	require.Less(t, lastOf(s.Plan), s.Plan.Config.WarmUp+s.Plan.Config.Time)
}

func TestShrinkRepeatsWhatFailsSometimes(t *testing.T) {
	p := goldenPlan(t, "small")
	luck := plan.NewStream(1, "test", "luck")
	always := needs("w0.3", "w1.100")
	sometimes := func(ctx context.Context, p plan.Plan) (bool, error) {
		failed, err := always(ctx, p)
		return failed && luck.Below(2) == 0, err
	}
	s, err := plan.Shrink(t.Context(), p, sometimes, plan.Effort{Repeats: 12})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"w0.3", "w1.100"}, refs(s.Plan))
}

func TestShrinkKeepsItsBounds(t *testing.T) {
	p := goldenPlan(t, "small")
	s, err := plan.Shrink(t.Context(), p, needs("w0.3"), plan.Effort{Runs: 5})
	require.NoError(t, err)
	require.Equal(t, 5, s.Runs)
	require.False(t, s.Complete)
	require.True(t, slices.Contains(refs(s.Plan), "w0.3"))
	require.Less(t, len(refs(s.Plan)), len(refs(p)), "it gives what it has")

	_, err = plan.Shrink(t.Context(), p, needs("no such thing"), plan.Effort{Repeats: 3})
	require.ErrorIs(t, err, plan.ErrHolds)

	broken := errors.New("no containers left")
	runs := 0
	s, err = plan.Shrink(t.Context(), p, func(ctx context.Context, p plan.Plan) (bool, error) {
		if runs++; runs > 8 {
			return false, broken
		}
		return needs("w0.3")(ctx, p)
	}, plan.Effort{})
	require.ErrorIs(t, err, broken)
	require.False(t, s.Complete)
	require.Less(t, len(refs(s.Plan)), len(refs(p)))

	ctx, cancel := context.WithCancel(t.Context())
	runs = 0
	s, err = plan.Shrink(ctx, p, func(ctx context.Context, p plan.Plan) (bool, error) {
		if runs++; runs == 8 {
			cancel()
		}
		return needs("w0.3")(ctx, p)
	}, plan.Effort{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 8, s.Runs)
}
