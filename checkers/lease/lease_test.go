package lease_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/lease"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// event is "process kind function value", on the lock "k" unless it names one.
func parse(t testing.TB, text string) *history.History {
	t.Helper()
	var events []history.Event
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		e := history.Event{Kind: history.Complete, Process: int(fields[0][0] - '0'), F: fields[2], Key: "k"}
		switch fields[1] {
		case "invoke":
			e.Kind = history.Invoke
		case "ok":
			e.Outcome = history.OK
		case "fail":
			e.Outcome = history.Fail
		case "unknown":
		default:
			t.Fatalf("what is %q", line)
		}
		if len(fields) > 3 && e.Outcome == history.OK {
			token := int64(0)
			for _, digit := range fields[3] {
				token = token*10 + int64(digit-'0')
			}
			e.Value = token
		}
		if len(fields) > 4 {
			e.Key = fields[4]
		}
		events = append(events, e)
	}
	h := history.New(events)
	require.NoError(t, h.Validate())
	return h
}

func works(op *history.Operation) bool { return op.F == "work" }

func TestCheck(t *testing.T) {
	const acquired0, acquired1 = "0 invoke acquire\n0 ok acquire 7\n", "1 invoke acquire\n1 ok acquire 9\n"
	const released0 = "0 invoke release\n0 ok release\n"
	for name, test := range map[string]struct {
		history string
		// plain and exclusive are the anomalies found, without exclusion and with.
		plain, exclusive string
	}{
		"one after the other":                 {acquired0 + released0 + acquired1, "", ""},
		"released late":                       {acquired0 + acquired1 + released0, "", "two-holders"},
		"a release that fails tells as much":  {acquired0 + acquired1 + "0 invoke release\n0 fail release\n", "", "two-holders"},
		"a release without an answer does":    {acquired0 + acquired1 + "0 invoke release\n0 unknown release\n", "", "two-holders"},
		"the release was under way":           {acquired0 + "0 invoke release\n" + acquired1 + "0 ok release\n", "", ""},
		"never heard of again":                {acquired0 + acquired1, "", ""},
		"went on to work":                     {acquired0 + acquired1 + "0 invoke work\n0 ok work\n", "", "two-holders"},
		"worked before":                       {acquired0 + "0 invoke work\n" + acquired1 + "0 ok work\n", "", ""},
		"looked on as anyone may":             {acquired0 + acquired1 + "0 invoke look\n0 ok look\n", "", ""},
		"worked for another section":          {acquired0 + acquired1 + "0 invoke acquire\n0 fail acquire\n0 invoke work\n0 fail work\n", "", ""},
		"another lock":                        {acquired0 + "1 invoke acquire x y\n1 ok acquire 3 other\n" + released0, "", ""},
		"given while another's was under way": {"1 invoke acquire\n" + acquired0 + "1 ok acquire 5\n", "", ""},
		"a token twice":                       {acquired0 + released0 + "1 invoke acquire\n1 ok acquire 7\n", "repeated-token", "repeated-token"},
		"a token twice at once":               {"1 invoke acquire\n" + acquired0 + "1 ok acquire 7\n", "repeated-token", "repeated-token"},
		"an old token":                        {acquired1 + "1 invoke release\n1 ok release\n" + acquired0, "old-token", "old-token"},
		"the longest holder":                  {acquired0 + "1 invoke acquire\n1 ok acquire 8\n2 invoke acquire\n2 ok acquire 9\n" + released0, "", "two-holders two-holders"},
		"what failed gives nothing":           {acquired0 + "1 invoke acquire\n1 fail acquire\n" + released0, "", ""},
		"what is not known proves nothing":    {acquired0 + "1 invoke acquire\n1 unknown acquire\n" + released0, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.ReplaceAll(test.history, "1 invoke acquire x y", "1 invoke acquire x other")
			h := parse(t, text)
			for exclusive, want := range map[bool]string{false: test.plain, true: test.exclusive} {
				report := lease.Checker{Exclusion: exclusive, Held: works}.Check(context.Background(), h, verdict.Budget{})
				var found []string
				for _, f := range report.Findings {
					found = append(found, f.Anomaly)
				}
				require.Equal(t, want, strings.Join(found, " "), report.Cause)
				if want == "" {
					require.Equal(t, verdict.Valid, report.Verdict, report.Cause)
				} else {
					require.Equal(t, verdict.Invalid, report.Verdict)
				}
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	for want, text := range map[string]string{
		"no lock was acquired":                "0 invoke acquire\n0 fail acquire\n",
		"was answered without a token":        "0 invoke acquire\n0 ok acquire\n",
		"without a token, a positive number":  "0 invoke acquire\n0 ok acquire 0\n",
		"no lock was acquired ":               "",
		"no lock was acquired  ":              "0 invoke look\n0 ok look\n",
		"event 2 was answered without a toke": "0 invoke acquire\n0 ok acquire 3\n0 invoke acquire\n0 ok acquire\n",
	} {
		report := lease.Checker{}.Check(context.Background(), parse(t, text), verdict.Budget{})
		require.Equal(t, verdict.Unknown, report.Verdict)
		require.Contains(t, report.Cause, strings.TrimSpace(want))
	}
	report := lease.Checker{}.Check(context.Background(), parse(t, "0 invoke acquire\n0 ok acquire 3\n"), verdict.Budget{Memory: 1})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "memory")
}

// A counterexample says who held the lock, and since when.
func TestCounterexample(t *testing.T) {
	h := parse(t, "0 invoke acquire\n0 ok acquire 7\n1 invoke acquire\n1 ok acquire 9\n0 invoke work\n0 ok work\n")
	report := lease.Checker{Exclusion: true, Held: works}.Check(context.Background(), h, verdict.Budget{})
	require.Len(t, report.Findings, 1)
	require.Equal(t, []int{0, 2, 4}, report.Findings[0].Operations)
	require.Equal(t, 2, report.Findings[0].Culprit)
	require.Equal(t, "process 1 was given k, token 9, while process 0 held it by token 7: from event 1 until it did work at event 4", report.Cause)
}
