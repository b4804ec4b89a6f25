package history_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

// readAnything checks that reading gives either one error or a history that
// survives being exported and recorded again.
func readAnything(t *testing.T, data []byte, format history.Format, opts ...history.Option) {
	h, err := history.Read(bytes.NewReader(data), format, opts...)
	if err != nil {
		require.Nil(t, h)
		require.NotEmpty(t, err.Error())
		return
	}
	require.NoError(t, h.Validate())
	require.LessOrEqual(t, len(h.Operations()), len(h.Events))

	var exported bytes.Buffer
	require.NoError(t, history.WriteEDN(&exported, h))
	again, err := history.Read(&exported, history.JepsenEDN)
	require.NoError(t, err)
	requireSameEvents(t, h, again)

	// Other tools may have stamps before zero; a recording has none.
	if len(h.Events) > 0 && h.Events[0].Time < 0 {
		return
	}
	dir := t.TempDir()
	recorder, err := history.NewRecorder(dir, history.NewClock(nil), history.RecorderOptions{})
	require.NoError(t, err)
	lane, err := recorder.Lane("fuzz")
	require.NoError(t, err)
	require.NoError(t, lane.Append(h.Events))
	require.NoError(t, recorder.Close())
	recorded, err := history.ReadDir(dir)
	require.NoError(t, err)
	requireSameEvents(t, h, recorded)
}

func requireSameEvents(t *testing.T, want, got *history.History) {
	t.Helper()
	require.Equal(t, len(want.Events), len(got.Events))
	for i := range want.Events {
		require.Equal(t, want.Events[i], got.Events[i])
	}
}

func FuzzReadJSONL(f *testing.F) {
	f.Add([]byte(`{"t":1,"type":"phase","f":"faults"}
{"t":2,"type":"invoke","process":0,"f":"transfer","key":"k","value":{"a":[1,1.5,null,true,"\udcff\u0001"]},"idem":"i","node":"n","ref":"r"}
{"t":3,"type":"nemesis","f":"kill","node":"n2"}
{"t":4,"type":"ok","process":0,"f":"transfer","value":-9223372036854775808}
{"t":5,"type":"invoke","process":0,"f":"read"}
{"t":6,"type":"unknown","process":0,"f":"read","error":"timeout"}
{"t":7,"ty`))
	f.Add([]byte(`{"i":0,"t":0,"type":"invoke","process":0}` + "\n" + `{"i":1,"t":0,"type":"fail","process":0,"value":1e21}` + "\n"))
	dir, _ := sealSome(f, 2)
	f.Add(readText(f, dir))
	f.Fuzz(func(t *testing.T, data []byte) { readAnything(t, data, history.JSONL) })
}

func FuzzReadEDN(f *testing.F) {
	f.Add([]byte(`; comment
[{:process 4, :type :invoke, :f :write, :value [1N 2/3 1.5M #{a} \newline "\u00e9" {0 1 [k] nil}]}
 #_ {} #jepsen.history.Op{:process 6 :type :invoke :f "read" :index 3}
 {:process :nemesis, :type :info, :f "tertium/phase", :phase "p"}
 {:process 4, :type :ok, :f :write :time 12 :error [:a "b"]}]`), false)
	f.Add([]byte(`{:type :invoke, :value [:k [[:append 1 2] [:r :x nil]]]} {:type :info, :value [:k ##NaN]}`), true)
	f.Add([]byte(`(#:a{:type :ok} #inst "x")`), false)
	f.Fuzz(func(t *testing.T, data []byte, keyed bool) {
		if keyed {
			readAnything(t, data, history.JepsenEDN, history.KeyedValues)
		} else {
			readAnything(t, data, history.JepsenEDN)
		}
	})
}

func FuzzReadDetect(f *testing.F) {
	f.Add([]byte("INFO  jepsen.util - 4\t:invoke\t:write\t2\nINFO  jepsen.util - 4\t:info\t:write\t:timed-out\n"))
	f.Add([]byte(`[{"type":"invoke","process":4,"f":"write","value":[2,{"a":1e3}]},{"type":"ok","process":4}]`))
	f.Add([]byte(`{"type":"invoke","process":4} {"type":"fail","process":4,"error":["a",2],"time":7}`))
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Add([]byte("\xef\xbb\xbf{:type :invoke :process 0}"))
	f.Fuzz(func(t *testing.T, data []byte) { readAnything(t, data, history.Detect) })
}
