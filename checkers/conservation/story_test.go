package conservation_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A credit without which a balance would be too low as well is no part of the
// story, even where a debit that is under way makes both bounds the same.
func TestStoryOfALowBalanceTellsWhatIsNeeded(t *testing.T) {
	var s script
	s.deposit("k1", 1, told(1, 1))
	s.transfer("k2", 1, unknown())
	s.deposit("k3", 3, told(2, 2))
	report := judge(&s)
	require.Len(t, report.Findings, 1)
	require.Equal(t, "balance-too-low", report.Findings[0].Anomaly)
	require.Contains(t, report.Cause, "t/a was told to hold 2, but must have held 3 at least")
	require.Equal(t, []int{4}, report.Findings[0].Operations)
}

// An effect that was asked for only after a balance was told is no excuse for it,
// and a counterexample says so: without the attempt the entry might be of any
// time.
func TestStoryOfABalanceTellsWhatCameTooLate(t *testing.T) {
	var s script
	s.accounts("n1", 4, 0)
	s.deposit("k1", 3, told(1, 3))
	s.deposit("k2", 1, told(2, 4))
	s.deposit("k3", 7, told(3, 11))
	s.settle()
	s.entries("n1", deposited(1, "k1", 3), deposited(2, "k2", 1), deposited(3, "k3", 7))
	report := judge(&s)
	require.Len(t, report.Findings, 1)
	finding := report.Findings[0]
	require.Equal(t, "unbalanced", finding.Anomaly)
	require.Contains(t, finding.Summary, "account t/a holds 4, but its entries add up to 0")
	// One of the two that make up the difference is enough; the third is no part
	// of it.
	require.Equal(t, []int{0, 4, 9}, finding.Operations)
}
