package harness

import (
	"context"
	"time"
)

// RunHasty is Run for tests that reach its limits.
func RunHasty(ctx context.Context, t Test) (Record, error) {
	const short = 200 * time.Millisecond
	return runWithin(ctx, t, limits{
		start: short, settle: short, overtime: short, hang: short, patience: short, heal: short, watch: short,
	})
}
