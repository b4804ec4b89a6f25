package harness

import "github.com/tertium-dev/tertium/harness/history/verdict"

// Budget and Report are the words of checkers, which import no harness.
type (
	Budget = verdict.Budget
	Report = verdict.Report
)
