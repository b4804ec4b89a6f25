// Package defaults has the settings that workloads of a small replicated
// service share.
package defaults

import (
	"time"

	"github.com/tertium-dev/tertium/harness/plan"
)

// Fill sets what a config leaves open. At this rate, half a minute with faults
// still completes well over 20,000 operations.
func Fill(c *plan.Config) {
	fill(&c.Workers, 24)
	fill(&c.Rate, 1500)
	fill(&c.WarmUp, 2*time.Second)
	fill(&c.Time, 26*time.Second)
	fill(&c.Settle, 2*time.Second)
	fill(&c.Timeout, time.Second)
	fill(&c.Keys, 24)
	fill(&c.AmbiguityBudget, 16)
}

func fill[T comparable](setting *T, value T) {
	var open T
	if *setting == open {
		*setting = value
	}
}
