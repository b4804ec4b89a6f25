package asplanned_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/asplanned"
)

func TestResolver(t *testing.T) {
	op := plan.Op{F: "add", Key: "s1", Value: int64(3)}
	asplanned.Resolver{}.Observe(0, op, harness.Completion{Error: "timeout"})
	require.Equal(t, op, asplanned.Resolver{}.Resolve(0, op))
}
