package findings_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestSet(t *testing.T) {
	s := findings.New("grave", "mild")
	require.False(t, s.Any())
	require.Empty(t, s.Figures())
	described := 0
	for i := range 1000 {
		s.Add("mild", func() verdict.Finding {
			described++
			return verdict.Finding{Key: fmt.Sprint(i)}
		})
	}
	s.Add("grave", func() verdict.Finding { return verdict.Finding{Key: "g"} })
	require.True(t, s.Any())
	require.Equal(t, 3, described, "what is not shown is not worked out")
	require.Equal(t, []verdict.Finding{
		{Anomaly: "grave", Key: "g"}, {Anomaly: "mild", Key: "0"}, {Anomaly: "mild", Key: "1"}, {Anomaly: "mild", Key: "2"},
	}, s.Sorted())
	require.Equal(t, []verdict.Figure{{Name: "grave", Value: 1}, {Name: "mild", Value: 1000}}, s.Figures())
}
