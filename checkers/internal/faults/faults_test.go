package faults_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
	"github.com/tertium-dev/tertium/harness/history"
)

func nemesis(at time.Duration, ref, kind string, value any, trouble string) history.Event {
	return history.Event{
		Time: at, Kind: history.Nemesis, Process: history.NoProcess, Ref: ref, F: kind, Value: value, Error: trouble,
	}
}

func TestWindows(t *testing.T) {
	stage := func(stage string) map[string]any { return map[string]any{"stage": stage, "target": "leader"} }
	h := history.New([]history.Event{
		nemesis(1, "f1", "kill", stage("inject"), ""),
		nemesis(2, "f2", "pause", stage("inject"), ""),
		nemesis(3, "f3", "pause", stage("missed"), "too late"),
		nemesis(4, "f9", "pause", stage("heal"), "never injected, so no fault"),
		nemesis(5, "f1", "kill", map[string]any{
			"stage": "heal", "count": int64(2), "where": []any{"n1", "n3", 7}, "what": "2 killed",
		}, "it did not start again"),
		nemesis(6, "", "note", "not a map", ""),
	})
	require.Equal(t, []faults.Window{
		{
			Ref: "f1", Kind: "kill", Target: "leader", Where: []string{"n1", "n3"}, Inject: 0, Heal: 4, From: 1, To: 5,
			Healed: true, Count: 2, What: "2 killed", Trouble: "it did not start again",
		},
		{Ref: "f2", Kind: "pause", Target: "leader", Inject: 1, Heal: 6, From: 2, To: 6},
		{Ref: "f3", Kind: "pause", Target: "leader", Inject: 2, Heal: 2, From: 3, To: 3, Missed: true, Trouble: "too late"},
	}, faults.Of(h))
}

func TestName(t *testing.T) {
	require.Equal(t, "lost-ack f7", faults.Name("lost-ack", "f7"))
	require.Equal(t, "lost-ack", faults.Name("lost-ack", ""))
	require.Equal(t, "lost-ack.2", faults.Name("lost-ack", "lost-ack.2"))
}
