package transactional

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// BenchmarkCurve shows how the time of a whole classification grows with the
// number of transactions of 20 clients, of which 5 % have an unknown outcome.
func BenchmarkCurve(b *testing.B) {
	for _, workload := range []Workload{ListAppend, RWRegister} {
		for _, n := range checktest.BenchSizes(b) {
			b.Run(fmt.Sprintf("%v/%d/tertium", workload, n), func(b *testing.B) {
				l := load{workload: workload, n: n, clients: 20, perKey: 100, active: 50, unknown: 50}
				view, err := columns.Of(l.history())
				require.NoError(b, err)
				c, err := New(workload)
				require.NoError(b, err)
				checktest.Measure(b, n, func() {
					report := c.CheckColumns(b.Context(), view, verdict.Budget{})
					require.Equal(b, verdict.Valid, report.Verdict, report.Cause)
				})
			})
		}
	}
}
