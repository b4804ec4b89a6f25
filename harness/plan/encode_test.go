package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// short is a plan with one of everything.
func short() plan.Plan {
	return plan.Plan{
		Seed: 1<<64 - 1,
		Config: plan.Config{
			System: "ledger", Workload: "register", Runtime: "local", Nodes: []string{"n1"}, Bugs: []string{"stale"},
			Workers: 2, Rate: 10, WarmUp: 1500 * time.Millisecond, Time: time.Minute, Settle: 0, Timeout: time.Second,
			Faults: []string{"lost-ack"}, Keys: 3, AmbiguityBudget: 4, Options: map[string]string{"b": "2", "a": "<1>"},
		},
		Faults: []plan.Fault{
			{Ref: "lost-ack.1", Kind: "lost-ack", Target: "leader", At: 5, For: time.Second, Salt: 1 << 63, Args: map[string]int64{"percent": 50, "delay_ms": -1}},
			{Ref: "lost-ack.2", Kind: "lost-ack", After: &plan.Condition{F: "transfer", Outcome: history.OK, Count: 40}},
		},
		Lanes: [][]plan.Op{
			{
				{Ref: "w0.0", F: "cas", Key: "r0", Value: []any{plan.Symbol("seen"), int64(1 << 62)}},
				{Ref: "w0.1", At: 1, F: "transfer", Key: "t1/a1", Idem: "t1/transfer/k1", Retries: 3, Value: map[string]any{"to": "a2", "amount": int64(-5)}},
			},
			nil,
		},
		Final: [][]plan.Op{nil, {{Ref: "final.w1.0", F: "read", Node: "n1", Value: false, Unless: &plan.Condition{F: "read", Outcome: history.Unknown}}}},
	}
}

func encode(t require.TestingT, p plan.Plan) []byte {
	var b bytes.Buffer
	require.NoError(t, plan.Encode(&b, p))
	return b.Bytes()
}

func TestEncodeGolden(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "short.jsonl"))
	require.NoError(t, err)
	require.Equal(t, string(want), string(encode(t, short())))
	p, err := plan.Decode(bytes.NewReader(want))
	require.NoError(t, err)
	require.Equal(t, short(), p)
}

func TestRoundTripOfGoldenPlans(t *testing.T) {
	p := goldenPlan(t, "full")
	text := encode(t, p)
	back, err := plan.Decode(bytes.NewReader(text))
	require.NoError(t, err)
	require.Equal(t, p, back)
	require.Equal(t, plan.Hash(p), plan.Hash(back))
	for number, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		require.True(t, json.Valid(line), "line %d", number+1)
	}
}

func TestRoundTrip(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		kinds := []*rapid.Generator[any]{
			rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.String().AsAny(),
			rapid.Map(rapid.String(), func(s string) any { return plan.Symbol(s) }),
		}
		if depth > 0 {
			kinds = append(kinds,
				rapid.SliceOfN(value(depth-1), 0, 3).AsAny(),
				rapid.MapOfN(rapid.StringMatching(`[a-z<é]*`), value(depth-1), 0, 3).AsAny())
		}
		return rapid.OneOf(kinds...)
	}
	condition := rapid.Ptr(rapid.Custom(func(t *rapid.T) plan.Condition {
		return plan.Condition{F: rapid.String().Draw(t, "f"), Outcome: history.Outcome(rapid.IntRange(0, 2).Draw(t, "outcome")), Count: rapid.IntRange(0, 99).Draw(t, "count")}
	}), true)
	rapid.Check(t, func(t *rapid.T) {
		p := plan.Plan{Seed: rapid.Uint64().Draw(t, "seed"), Config: short().Config}
		ref := 0
		next := func() string { ref++; return fmt.Sprint("x", ref) }
		for range rapid.IntRange(0, 3).Draw(t, "faults") {
			f := plan.Fault{Ref: next(), Kind: rapid.StringN(1, 9, -1).Draw(t, "kind"), Target: rapid.String().Draw(t, "target"),
				At: time.Duration(rapid.Int64().Draw(t, "at")), For: time.Duration(rapid.Int64().Draw(t, "for")),
				After: condition.Draw(t, "after"), Salt: rapid.Uint64().Draw(t, "salt")}
			if args := rapid.MapOfN(rapid.String(), rapid.Int64(), 0, 3).Draw(t, "args"); len(args) > 0 {
				f.Args = args
			}
			p.Faults = append(p.Faults, f)
		}
		for _, lanes := range []*[][]plan.Op{&p.Lanes, &p.Drain, &p.Final} {
			for range rapid.IntRange(0, 3).Draw(t, "lanes") {
				var lane []plan.Op
				for range rapid.IntRange(0, 3).Draw(t, "ops") {
					lane = append(lane, plan.Op{
						Ref: next(), F: rapid.StringN(1, 9, -1).Draw(t, "f"), Key: rapid.String().Draw(t, "key"), Idem: rapid.StringN(1, 9, -1).Draw(t, "idem"),
						At: time.Duration(rapid.Int64Min(0).Draw(t, "at")), Value: value(3).Draw(t, "value"), Node: rapid.String().Draw(t, "node"),
						Retries: rapid.IntRange(0, 9).Draw(t, "retries"), Unless: condition.Draw(t, "unless"),
					})
				}
				*lanes = append(*lanes, lane)
			}
		}
		text := encode(t, p)
		back, err := plan.Decode(bytes.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, p, back)
		require.Equal(t, text, encode(t, back))
	})
}

func TestDecodeErrors(t *testing.T) {
	lines := strings.SplitAfter(string(encode(t, short())), "\n")
	head, fault, op := lines[0], lines[1], lines[3]
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "the plan is empty"},
		{"other file", "hello\n", "plan, line 1: this is not a plan"},
		{"other JSON", "{}\n", "plan, line 1: this is not a plan"},
		{"later format", strings.Replace(head, `"plan":1`, `"plan":2`, 1), "the plan has format 2"},
		{"cut between lines", head + fault, "its header says 3 operations and 2 faults, and it has 0 and 1"},
		{"cut in a line", head + fault[:20], "plan, line 2: the line is cut short"},
		{"unknown field", head + strings.Replace(op, `"f"`, `"g"`, 1), `plan, line 2: json: unknown field "g"`},
		{"unknown setting", strings.Replace(head, `"rate"`, `"speed"`, 1), `unknown field "speed"`},
		{"time without unit", strings.Replace(head, `"1m0s"`, `"60"`, 1), `"60" is not a length of time: write it as 500ms, 30s or 1m30s`},
		{"twice", head + fault + fault, "plan, line 3: lost-ack.1 is there twice"},
		{"two on a line", head + strings.TrimSpace(fault) + fault, "plan, line 2: there is something after the end"},
		{"too many brackets", head + strings.TrimSpace(fault) + "}\n", "plan, line 2: there is something after the end"},
		{"no such worker", head + strings.Replace(op, `"worker":0`, `"worker":2`, 1), "main has no worker 2"},
		{"negative worker", head + strings.Replace(op, `"worker":0`, `"worker":-1`, 1), "main has no worker -1"},
		{"no such phase", head + strings.Replace(op, `"main"`, `"mean"`, 1), `no phase is called "mean"`},
		{"no such outcome", head + strings.Replace(lines[2], `"ok"`, `"info"`, 1), `no outcome is called "info"`},
		{"fraction", head + strings.Replace(op, "4611686018427387904", "0.5", 1), "0.5 is not a whole number of 64 bits"},
		{"too big", head + strings.Replace(op, "4611686018427387904", "4611686018427387904000", 1), "not a whole number"},
		{"odd symbol", head + strings.Replace(op, `"seen"`, `"seen","more":1`, 1), "a symbol must be"},
		{"no name", head + strings.Replace(op, `"w0.0"`, `""`, 1), "it has no name"},
		{"too deep", head + strings.Replace(op, "4611686018427387904", deep, 1), "nested deeper than 32 levels"},
		{"too many lanes", strings.Replace(head, `"main":2`, `"main":1000000000`, 1), "there may be up to 10000"},
		{"long line", head + strings.Repeat("x", 2<<20), "plan, line 2: bufio.Scanner: token too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := plan.Decode(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
	broken := errors.New("broken")
	_, err := plan.Decode(failing{broken})
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestEncodeErrors(t *testing.T) {
	for _, c := range []struct {
		change func(*plan.Plan)
		want   string
	}{
		{func(p *plan.Plan) { p.Lanes[0][0].Value = 0.1 }, "operation w0.0 cannot be written: its value holds a float64"},
		{func(p *plan.Plan) { p.Faults[0].Ref = "" }, "it has no name or no kind"},
		{func(p *plan.Plan) { p.Faults[0].Target = "\xff" }, "not UTF-8"},
		{func(p *plan.Plan) { p.Config.Options = map[string]string{"a": "\xff"} }, "not UTF-8"},
		{func(p *plan.Plan) { p.Faults[1].After.Outcome = 3 }, "choose unknown, ok or fail"},
	} {
		p := short()
		c.change(&p)
		require.ErrorContains(t, plan.Encode(&bytes.Buffer{}, p), c.want)
		require.Empty(t, plan.Hash(p))
	}
	broken := errors.New("broken")
	require.ErrorIs(t, plan.Encode(failing{broken}, short()), broken)
}

func TestConfigJSON(t *testing.T) {
	for name, c := range map[string]plan.Config{"full": short().Config, "zero": {}, "no faults": {Faults: []string{}}} {
		text, err := json.Marshal(c)
		require.NoError(t, err)
		var back plan.Config
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, c, back, name)
	}
	var c plan.Config
	require.ErrorContains(t, json.Unmarshal([]byte(`{"time":"soon"}`), &c), "config: \"soon\" is not a length of time")
	require.ErrorContains(t, json.Unmarshal([]byte(`{"tmie":"1s"}`), &c), `config: json: unknown field "tmie"`)
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, short()))
	f.Add([]byte(`{"plan":1,"seed":"1","config":{},"lanes":{"main":1},"faults":0,"operations":0}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := plan.Decode(bytes.NewReader(text))
		if err != nil {
			return
		}
		again := encode(t, p)
		back, err := plan.Decode(bytes.NewReader(again))
		require.NoError(t, err)
		require.Equal(t, again, encode(t, back))
	})
}
