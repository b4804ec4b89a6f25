package history_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/internal/historytest"
)

func read(t testing.TB, text string, opts ...history.Option) *history.History {
	t.Helper()
	h, err := history.Read(strings.NewReader(text), history.Detect, opts...)
	require.NoError(t, err)
	return h
}

// writeThenRead is the history that most of the spellings below stand for.
var writeThenRead = []history.Event{
	{Index: 0, Kind: history.Invoke, Process: 4, F: "write", Value: int64(2)},
	{Index: 1, Kind: history.Invoke, Process: 6, F: "read"},
	{Index: 2, Kind: history.Complete, Outcome: history.OK, Process: 4, F: "write", Value: int64(2)},
	{Index: 3, Kind: history.Complete, Outcome: history.Unknown, Process: 6, F: "read", Error: "timed-out"},
}

func TestFormatsThatAreDetected(t *testing.T) {
	cases := map[string]string{
		"EDN lines": `{:process 4, :type :invoke, :f :write, :value 2}
{:process 6, :type :invoke, :f :read, :value nil}
{:process 4, :type :ok, :f :write, :value 2}
{:process 6, :type :info, :f :read, :value nil, :error :timed-out}
`,
		"EDN vector with comments": `; a history
[{:type :invoke :f :write :process 4 :value 2} ; first
 #_ {:type :skipped}
 {:process 6, :type :invoke, :f :read}
 {:value 2, :f :write, :process 4, :type :ok}
 {:process 6, :type :info, :f :read, :error [:timed-out]}]`,
		"EDN list of records, with keys that are strings": `
(#jepsen.history.Op{:index 0, :time 0, :type :invoke, :process 4, :f :write, :value 2}
 #jepsen.history.Op{"index" 1, "type" "invoke", "process" 6, "f" "read"}
 #jepsen.history.Op{:index 2, :type :ok, :process 4, :f :write, :value 2, :more #{1 \a 1/2}}
 #jepsen.history.Op{:index 3, :type :info, :process 6, :f :read, :error "timed-out"})`,
		"EDN out of order, with indices": `{:index 7, :process 4, :type :ok, :f :write, :value 2}
{:index 2, :process 4, :type :invoke, :f :write, :value 2}
{:index 9, :process 6, :type :info, :f :read, :error :timed-out}
{:index 5, :process 6, :type :invoke, :f :read}`,
		"JSON lines": `{"type": "invoke", "process": 4, "f": "write", "value": 2}
{"type": "invoke", "process": 6, "f": "read", "value": null}
{"type": "ok", "process": 4, "f": "write", "value": 2}
{"type": "info", "process": 6, "f": "read", "error": "timed-out"}`,
		"JSON lines after a byte order mark": "\xef\xbb\xbf" + `{"type": "invoke", "process": 4, "f": "write", "value": 2}
{"type": "invoke", "process": 6, "f": "read"} {"type": "ok", "process": 4, "f": "write", "value": 2}
{"type": "info", "process": 6, "f": "read", "error": "timed-out"}`,
		"JSON array": `[
  {"type":"invoke","process":4,"f":"write","value":2},
  {"type":"invoke","process":6,"f":"read"},
  {"type":"ok","process":4,"f":"write","value":2},
  {"type":"info","process":6,"f":"read","error":["timed-out"]}
]`,
		"log": "INFO  jepsen.util - 4\t:invoke\t:write\t2\n" +
			"INFO  jepsen.util - 6\t:invoke\t:read\tnil\n\n" +
			"INFO  jepsen.util - 4\t:ok\t:write\t2\n" +
			"INFO  jepsen.util - 6\t:info\t:read\t:timed-out\n",
		"log without its head": "4\t:invoke\t:write\t2\n6\t:invoke\t:read\tnil\n4\t:ok\t:write\t2\n6\t:info\t:read\tnil\t:timed-out",
		"our own": `{"t":0,"type":"invoke","process":4,"f":"write","value":2}
{"t":0,"type":"invoke","process":6,"f":"read"}
{"t":0,"type":"ok","process":4,"f":"write","value":2}
{"t":0,"type":"unknown","process":6,"f":"read","error":"timed-out"}
`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, writeThenRead, read(t, text).Events)
		})
		t.Run(name+", compressed", func(t *testing.T) {
			encoder, err := zstd.NewWriter(nil)
			require.NoError(t, err)
			require.Equal(t, writeThenRead, read(t, string(encoder.EncodeAll([]byte(text), nil))).Events)
		})
	}
}

func TestReadFileTakesFoldersAndFiles(t *testing.T) {
	dir, _ := sealSome(t, 3)
	want, err := history.ReadDir(dir)
	require.NoError(t, err)
	for _, path := range []string{dir, filepath.Join(dir, history.SealedName)} {
		h, err := history.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, h)
	}
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, readText(t, dir), 0o600))
	h, err := history.ReadFile(plain)
	require.NoError(t, err)
	require.Equal(t, want, h, "a sealed history that was decompressed")
	_, err = history.ReadFile(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOneLaneAlone(t *testing.T) {
	dir := t.TempDir()
	recordSome(t, dir, 2)
	path := filepath.Join(dir, "lane-001.jsonl")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(text, `{"t":99,"ty`...), 0o600))
	h, err := history.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, h.Events, 4)
	require.Equal(t, "11 bytes at the end of lane-001.jsonl", h.Torn)
}

func TestValuesOfEDN(t *testing.T) {
	cases := map[string]any{
		`nil`:                       nil,
		`true`:                      true,
		`-12`:                       int64(-12),
		`+12`:                       int64(12),
		`9223372036854775807`:       int64(9223372036854775807),
		`-9223372036854775808N`:     int64(-9223372036854775808),
		`9223372036854775808`:       "9223372036854775808",
		`12345678901234567890123N`:  "12345678901234567890123",
		`6/4`:                       "3/2",
		`6/3`:                       int64(2),
		`1.0`:                       1.0,
		`-2.5e3`:                    -2500.0,
		`1e3`:                       1000.0,
		`3.5M`:                      3.5,
		`##Inf`:                     "Inf",
		`:a-keyword`:                "a-keyword",
		`:ns/name`:                  "ns/name",
		`symbol`:                    "symbol",
		`"a \"text\"\n\u00e9"`:      "a \"text\"\né",
		"\"two\nlines\"":            "two\nlines",
		`"\ud83d\ude00\udcff"`:      "😀\xff",
		`\a`:                        "a",
		`\newline`:                  "\n",
		`\u0041`:                    "A",
		`\(`:                        "(",
		`[1, :a [] ()]`:             []any{int64(1), "a", []any{}, []any{}},
		`#{1 2}`:                    []any{int64(1), int64(2)},
		`{0 100, :a 1, "b" 2}`:      map[string]any{"0": int64(100), "a": int64(1), "b": int64(2)},
		`{[1 :k] 1, nil 2, 1.5 3}`:  map[string]any{`[1 "k"]`: int64(1), "nil": int64(2), "1.5": int64(3)},
		`#:account{:id 1, :x/y 2}`:  map[string]any{"account/id": int64(1), "x/y": int64(2)},
		`#inst "2024-01-01"`:        "2024-01-01",
		`#object[a.B 0x1f "a.B@1"]`: []any{"a.B", int64(31), "a.B@1"},
		`[1 #_ 2 #_ #_ 3 4 5]`:      []any{int64(1), int64(5)},
		`[[:append 3 1] [:r 3 [1 2]]]`: []any{
			[]any{"append", int64(3), int64(1)}, []any{"r", int64(3), []any{int64(1), int64(2)}}},
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			h := read(t, `{:type :invoke, :process 0, :f :write, :value `+text+`}`)
			require.Equal(t, want, h.Events[0].Value)
		})
	}
}

func TestValuesOfJSON(t *testing.T) {
	cases := map[string]any{
		`null`:                    nil,
		`9223372036854775807`:     int64(9223372036854775807),
		`9223372036854775808`:     "9223372036854775808",
		`1.0`:                     1.0,
		`-0.5E-1`:                 -0.05,
		`"\b\f\/\ud83d\ude00"`:    "\b\f/😀",
		`"\ud800"`:                "\ufffd",
		`[{}, [], false]`:         []any{map[string]any{}, []any{}, false},
		`{"a": {"b": [1, "2"]} }`: map[string]any{"a": map[string]any{"b": []any{int64(1), "2"}}},
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			h := read(t, `{"type":"invoke","process":0,"f":"write","value":`+text+`}`)
			require.Equal(t, want, h.Events[0].Value)
		})
	}
}

func TestWhatElseAnOperationMapSays(t *testing.T) {
	h := read(t, `{:process :nemesis, :type :info, :f :kill, :value {"n1" :killed}, :time 5}
{:process 0, :type :invoke, :f :get, :key "7", :value nil, :time 9}
{:process 0, :type :fail, :f :get, :key "7", :error [:unavailable "n1" 503], :time 7, :op-index 3}
`)
	require.Equal(t, []history.Event{
		{Index: 0, Time: 5, Kind: history.Nemesis, Process: history.NoProcess, F: "kill", Value: map[string]any{"n1": "killed"}},
		{Index: 1, Time: 9, Kind: history.Invoke, F: "get", Key: "7"},
		{Index: 2, Time: 9, Kind: history.Complete, Outcome: history.Fail, F: "get", Key: "7", Error: `unavailable: n1 503`},
	}, h.Events)
}

func TestEventsWithoutProcess(t *testing.T) {
	h := read(t, `{:type :invoke, :value 1} {:type :ok, :value 1}
{:type :invoke, :value 2} {:type :info}
{:type :invoke, :value 3} {:process :nemesis, :type :info} {:type :invoke, :value 4} {:type :fail}`)
	operations := h.Operations()
	require.Len(t, operations, 4)
	for i, want := range []history.Operation{
		{Process: 0, Outcome: history.OK, Return: 1},
		{Process: 0, Outcome: history.Unknown, Return: history.Never},
		{Process: 1, Outcome: history.Unknown, Return: history.Never},
		{Process: 2, Outcome: history.Fail, Return: 7},
	} {
		require.Equal(t, int64(i+1), operations[i].Input)
		require.Equal(t, want.Process, operations[i].Process)
		require.Equal(t, want.Outcome, operations[i].Outcome)
		require.Equal(t, want.Return, operations[i].Return)
	}
}

func TestKeyedValues(t *testing.T) {
	const text = `{:process 0, :type :invoke, :f :cas, :value [x [1 2]]}
{:process 0, :type :ok, :f :cas, :value [x [1 2]]}
{:process :nemesis, :type :info, :f :kill, :value [:n1 :n2]}
{:process 0, :type :invoke, :f :read, :value [7 nil]}
`
	h := read(t, text, history.KeyedValues)
	require.Equal(t, "x", h.Events[0].Key)
	require.Equal(t, []any{int64(1), int64(2)}, h.Events[0].Value)
	require.Equal(t, []any{"n1", "n2"}, h.Events[2].Value)
	require.Equal(t, "7", h.Events[3].Key)
	require.Nil(t, h.Events[3].Value)
	var written bytes.Buffer
	require.NoError(t, history.WriteEDN(&written, h, history.KeyedValues))
	require.Contains(t, written.String(), `:value ["x" [1 2]]}`)
	require.Equal(t, h, read(t, written.String(), history.KeyedValues))
	require.Equal(t, []any{"x", []any{int64(1), int64(2)}}, read(t, text).Events[0].Value)
	_, err := history.Read(strings.NewReader(`{:process 0, :type :invoke, :f :write, :value 3}`), history.Detect, history.KeyedValues)
	require.ErrorContains(t, err, "1:1: its :value should be a pair")
}

func TestExportIsAsDocumented(t *testing.T) {
	h := history.New([]history.Event{
		{Time: 1, Kind: history.Phase, Process: history.NoProcess, F: "faults"},
		{Time: 2, Kind: history.Invoke, F: "txn", Value: []any{[]any{"append", int64(3), int64(1)}, []any{"r", "k", nil}}, Idem: "t/1", Node: "n1", Ref: "w0.1"},
		{Time: 3, Kind: history.Nemesis, Process: history.NoProcess, F: "kill", Node: "n2"},
		{Time: 4, Kind: history.Complete, F: "txn", Error: "timeout: 5s"},
		{Time: 5, Kind: history.Invoke, Process: 1, F: "odd name", Key: "k", Value: map[string]any{"0": 1.0, "from": "a", "t1/a": "b"}},
		{Time: 6, Kind: history.Complete, Outcome: history.Fail, Process: 1, F: "odd name", Key: "k"},
	})
	var written bytes.Buffer
	require.NoError(t, history.WriteEDN(&written, h))
	require.Equal(t, `{:index 0, :time 1, :process :nemesis, :type :info, :f "tertium/phase", :phase "faults", :value nil}
{:index 1, :time 2, :process 0, :type :invoke, :f :txn, :value [[:append 3 1] [:r "k" nil]], :idem "t/1", :node "n1", :ref "w0.1"}
{:index 2, :time 3, :process :nemesis, :type :info, :f :kill, :value nil, :node "n2"}
{:index 3, :time 4, :process 0, :type :info, :f :txn, :value nil, :error "timeout: 5s"}
{:index 4, :time 5, :process 1, :type :invoke, :f "odd name", :value {0 1.0, :from "a", "t1/a" "b"}, :key "k"}
{:index 5, :time 6, :process 1, :type :fail, :f "odd name", :value nil, :key "k"}
`, written.String())
	require.Equal(t, h, read(t, written.String()))
}

func TestExportThenImport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historytest.AnyHistory().Draw(t, "history")
		var opts []history.Option
		if rapid.Bool().Draw(t, "keyed") {
			opts = append(opts, history.KeyedValues)
			for i := range h.Events {
				if kind := h.Events[i].Kind; kind == history.Nemesis || kind == history.Phase {
					h.Events[i].Key = ""
				}
			}
		}
		var written bytes.Buffer
		require.NoError(t, history.WriteEDN(&written, h, opts...))
		back, err := history.Read(&written, history.JepsenEDN, opts...)
		require.NoError(t, err)
		require.Equal(t, len(h.Events), len(back.Events))
		for i := range h.Events {
			require.Equal(t, h.Events[i], back.Events[i])
		}
	})
}

func TestExportOfWhatNobodyCouldRead(t *testing.T) {
	var written bytes.Buffer
	require.ErrorContains(t, history.WriteEDN(&written, timed(invoke(0, "write", 5))), "export event 0: its value holds a int")
}

func TestMistakesSayWhereAndWhatToDo(t *testing.T) {
	bomb := strings.Repeat("[", 10<<20)
	cases := map[string]struct{ text, want string }{
		"empty":                      {"", "1:1: the file is empty"},
		"only space":                 {" \n ", "the file is empty"},
		"another thing":              {"<html>", "found '<' where a history should begin"},
		"bomb of brackets":           {bomb, "1:204: values nest deeper than 200"},
		"bomb of maps":               {strings.Repeat("{:a ", 1<<20), "values nest deeper"},
		"bomb of tags":               {strings.Repeat("#a ", 1<<20), "values nest deeper"},
		"bomb of discards":           {strings.Repeat("#_ ", 1<<20), "values nest deeper"},
		"bomb in JSON":               {`[{"type":"ok","value":` + bomb, "1:224: values nest deeper"},
		"bomb in our own":            {`{"t":1,"value":` + bomb + "\n", "values nest deeper"},
		"bomb in a log":              {"4\t:invoke\t:write\t" + bomb, "values nest deeper"},
		"window of 2 GiB":            {"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", "window size exceeded"},
		"vector that is cut off":     {"[{:type :invoke, :process 0}\n {:type :ok", "2:2: this '{' is never closed; the file may be cut off"},
		"vector without its end":     {"[{:type :invoke, :process 0}\n", "1:1: this '[' is never closed"},
		"string without its end":     {"{:type \"invoke", "1:8: this string has no end"},
		"JSON that is cut off":       {`[{"type":"invoke","process":0},`, "1:32: it ends where a value should be"},
		"wrong bracket":              {"{:type :invoke]", "this ']' closes nothing"},
		"more after the end":         {"[] {}", "1:4: something follows the end"},
		"more after the JSON":        {`[{"type":"invoke","process":0}] 1`, "1:33: something follows"},
		"key without value":          {"{:type :invoke :f}", `1:16: the key "f" has no value`},
		"key twice":                  {"{:type :invoke, :value {:a 1 \"a\" 2}}", `1:30: the map has two keys that read as "a"`},
		"JSON key twice":             {`{"type":"ok","value":{"a":1,"a":2}}`, `two members called "a"`},
		"no map":                     {"[:invoke 1]", "1:2: a map with :type"},
		"no type":                    {"{:f :read}", "1:1: it lacks its :type"},
		"another type":               {"{:type :done}", `its :type "done" is none of`},
		"another process":            {"{:type :ok, :process 1.5}", "its :process should be a whole number"},
		"fraction of a time":         {"{:type :ok, :process 1, :time 1.5}", "whole number of nanoseconds"},
		"octal":                      {"{:type :ok, :process 010}", `1:22: "010" is no number`},
		"number and more":            {"{:type :ok, :process 1x}", "is no number"},
		"huge number":                {"{:value " + strings.Repeat("9", 1<<20) + "}", "more than 1000 digits"},
		"ratio by zero":              {"{:value 1/0}", "is no number"},
		"keyword without name":       {"{: 1}", "1:2: a keyword has no name"},
		"character without name":     {`{:type \nosuch}`, "there is no character"},
		"lone hash":                  {"{:type # }", "begins nothing"},
		"unknown escape":             {`{:type "\q"}`, "begins no escape"},
		"half an escape":             {`{:type "\u12"}`, "four hexadecimal digits"},
		"completion alone":           {"{:type :invoke, :process 0}\n{:type :ok, :process 1}", "2:1: process 1 completes"},
		"process that was retired":   {"{:type :invoke, :process 0} {:type :info, :process 0}\n{:type :invoke, :process 0}", "2:1: process 0 goes on after an unknown outcome"},
		"completion of nobody":       {"{:type :ok}", "1:1: a completion without :process follows no invocation"},
		"some without process":       {"{:type :invoke, :process 0}\n{:type :invoke}", "2:1: this event has no :process but others have"},
		"log with two columns":       {"4\t:invoke", "1:1: a line of a log should hold"},
		"log with a broken value":    {"INFO  jepsen.util - 4\t:invoke\t:write\t[1", "1:38: this '[' is never closed"},
		"log of something else":      {"INFO  jepsen.core - Everything looks good!", "its :type"},
		"JSON with a bare word":      {`{"type":invoke}`, "1:9: found 'i' where a value should be"},
		"JSON number with zero":      {`{"type":"ok","value":01}`, "must not begin with 0"},
		"JSON number without digits": {`{"type":"ok","value":-}`, "a digit should be"},
		"JSON number too large":      {`{"type":"ok","value":1e999}`, "too large for a float64"},
		"our own, out of order":      {"{\"i\":0,\"t\":1,\"type\":\"phase\"}\n{\"i\":2,\"t\":1,\"type\":\"phase\"}\n", "2:1: the event has index 2, and 1 events are before it"},
		"our own, not a history":     {"{\"t\":1,\"type\":\"ok\",\"process\":0}\n", "event 0: process 0 completes"},
		"our own, altered":           {`{"type":"history","version":1,"chain":"0000000000000000"}` + "\n", "line 1: the first line was altered"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := history.Read(strings.NewReader(c.text), history.Detect)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestMistakesNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.edn")
	require.NoError(t, os.WriteFile(path, []byte("{:type :invoke, :process 0}\n  {:type :done}"), 0o600))
	_, err := history.ReadFile(path)
	var mistake *history.SyntaxError
	require.True(t, errors.As(err, &mistake))
	require.Equal(t, &history.SyntaxError{File: path, Line: 2, Column: 3, Reason: `its :type "done" is none of :invoke, :ok, :fail and :info`}, mistake)
	require.Equal(t, path+":2:3: "+mistake.Reason, err.Error())
}
