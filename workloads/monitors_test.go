package workloads_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Every monitor of the workloads has a checker, and they agree.
func TestMonitorsAgreeWithCheckers(t *testing.T) {
	for name, mistakes := range map[string][]string{
		"register":        {"", "stale-read"},
		"ledger":          {"no-dedupe", "unscoped", "any-payload", "half"},
		"register,ledger": {"", "half"},
		"set":             {"", "lost-element"},
		"membership":      {"", "lost-element"},
		"counter":         {"", "lost-increment"},
	} {
		for _, mistake := range mistakes {
			t.Run(name+" "+mistake, func(t *testing.T) {
				w := find(t, name)
				p := expand(t, w, 1)
				h := simulate(p, w, newService(mistake))
				monitors := harness.MonitorsOf(w, p.Config)
				checkers := w.Checkers(p.Config)
				require.NotEmpty(t, monitors)
				for i, checker := range checkers[:len(monitors)] {
					require.Equal(t, checker.Name(), monitors[i].Name())
					violated := false
					for at := range h.Events {
						if monitors[i].Observe(&h.Events[at]) {
							violated = true
						}
					}
					want, got := checker.Check(t.Context(), h, harness.Budget{}), monitors[i].Report()
					require.Equal(t, want.Verdict, got.Verdict, "%s: %s; %s", checker.Name(), want.Cause, got.Cause)
					require.False(t, violated && want.Verdict != verdict.Invalid, checker.Name())
				}
			})
		}
	}
}
