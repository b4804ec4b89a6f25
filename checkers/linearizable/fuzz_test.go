package linearizable

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// bytesHistory makes a history of any bytes: functions of the model, values that
// may suit them, and outcomes.
func bytesHistory(m *Model, data []byte) *history.History {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b)
	}
	var value func(depth int) any
	value = func(depth int) any {
		n := next()
		switch n % 10 {
		case 0:
			return nil
		case 1:
			return n > 100
		case 2, 3, 4, 5:
			return int64(n / 10 % 4)
		case 6:
			return float64(n/10%4) / 2
		case 7:
			return string([]byte{'a' + byte(n/10%3), byte(n)}[:1+n/100%2])
		case 8:
			list := []any{}
			for range min(n/10%4, 3-depth) {
				list = append(list, value(depth+1))
			}
			return list
		}
		return map[string]any{"offset": int64(n / 10 % 4)}
	}
	events := []history.Event{}
	open := map[int]string{}
	retired := map[int]int{}
	for len(data) > 0 && len(events) < 24 {
		lane := next() % 4
		process := lane + 4*retired[lane]
		e := history.Event{Kind: history.Invoke, Process: process, Time: time.Duration(len(events)), Value: value(0)}
		if f, waiting := open[process]; waiting {
			delete(open, process)
			e.Kind, e.F, e.Outcome = history.Complete, f, history.OK
			switch n := next(); {
			case n < 32:
				e.Outcome = history.Unknown
				retired[lane]++
			case n < 64:
				e.Outcome, e.Error = history.Fail, []string{"mismatch", "empty", "refused"}[n%3]
			}
		} else {
			e.F, e.Key = m.Functions[next()%len(m.Functions)], []string{"", "k"}[next()%8/7]
			open[process] = e.F
		}
		events = append(events, e)
	}
	return history.New(events)
}

// FuzzEnginesAgree judges any small history with all engines, and from columns.
func FuzzEnginesAgree(f *testing.F) {
	for i := range Models() {
		f.Add(uint8(i), []byte("a history of four processes, more or less at random"))
		f.Add(uint8(i), binary.BigEndian.AppendUint64([]byte{0, 12, 0, 0, 0, 12, 90, 1, 22, 1, 0, 1, 22, 90}, 1<<60))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		infos := Models()
		info := infos[int(which)%len(infos)]
		options := Options{NilIsUnknown: which >= 128}
		model := named(t, info.Name, options)
		h := bytesHistory(&model, data)
		require.NoError(t, h.Validate())
		view, err := columns.Of(h)
		require.NoError(t, err)
		budget := verdict.Budget{Memory: 4 << 20}
		report := New(model, Workers(1)).Check(context.Background(), h, budget)
		require.Equal(t, report, New(model, Workers(1)).CheckColumns(context.Background(), view, budget))
		for _, o := range model.objects(h.Operations()) {
			if o.malformed != nil {
				continue
			}
			want := New(model).decider(4<<20).decide(context.Background(), o.ops)
			for _, engine := range []Engine{Search, Porcupine} {
				got := New(model, With(engine)).decider(4<<20).decide(context.Background(), o.ops)
				if got.verdict != verdict.Unknown && want.verdict != verdict.Unknown {
					require.Equal(t, want.verdict, got.verdict, "%s and %s:%s", want.method, got.method, describe(&model, o.ops))
				}
			}
		}
	})
}
