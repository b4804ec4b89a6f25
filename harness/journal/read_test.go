package journal

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"record":1,"entry":{"kind":"process","name":"4711","detail":"x"}}` + "\n" + `{"done":1}` + "\n"))
	f.Add([]byte(`{"record":1,"entry":{}}` + "\n" + `{"record":1,"entry":{}}` + "\n" + `{"record":-1}`))
	f.Add([]byte(`{"done":1}` + "\n" + `{"record":1,"entry":{"kind":"a"}}` + "\n" + `{"done":1}` + "\n" + `{"record":1,"entry":{"kind":"b"}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := parse(data)
		require.LessOrEqual(t, c.whole, int64(len(data)))
		require.True(t, c.whole == 0 || data[c.whole-1] == '\n')
		require.LessOrEqual(t, len(c.open)+len(c.broken), bytes.Count(data, []byte{'\n'}))
		seen := map[int64]bool{}
		for _, r := range c.open {
			require.Positive(t, r.id)
			require.False(t, seen[r.id], "an entry is open once")
			seen[r.id] = true
		}
		// A torn tail says nothing.
		require.Equal(t, c, parse(data[:c.whole]))
		// What a sweep appends closes every entry.
		for _, r := range c.open {
			data = append(data[:c.whole:c.whole], doneLine(t, r.id)...)
			c = parse(data)
		}
		require.Empty(t, c.open)
	})
}

func doneLine(t *testing.T, id int64) []byte {
	t.Helper()
	data, err := encode(line{Done: id})
	require.NoError(t, err)
	return data
}
