package columns

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/internal/historytest"
)

func encoded(t require.TestingT, h *history.History) (*Columns, []byte) {
	c, err := Of(h)
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, encode(&file, c, hash{1, 2, 3}))
	return c, file.Bytes()
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, file := encoded(t, historytest.AnyHistory().Draw(t, "history"))
		back, of, err := decode(bytes.NewReader(file), int64(len(file)))
		require.NoError(t, err)
		require.Equal(t, hash{1, 2, 3}, of)
		var again bytes.Buffer
		require.NoError(t, encode(&again, back, of))
		require.Equal(t, file, again.Bytes())
		for i := range c.In {
			require.Equal(t, c.Values.At(c.In[i]), back.Values.At(back.In[i]))
		}
	})
}

func TestTablesOfManyNumbers(t *testing.T) {
	const n = 200_000
	values := &Values{}
	b := newValuesBuilder(values)
	names := &Names{}
	nb := newNamesBuilder(names)
	for round := range 2 {
		for i := range int64(n) {
			id, err := b.add(i*i, 0)
			require.NoError(t, err)
			require.Equal(t, uint32(3+i), id, "round %d", round)
			name, err := nb.add(strconv.FormatInt(i, 10))
			require.NoError(t, err)
			require.Equal(t, uint32(1+i), name)
		}
	}
	require.Equal(t, n+3, values.Len())
	require.Equal(t, n+1, names.Len())
	require.NoError(t, values.check())
	require.NoError(t, names.check())
}

// repairChecksums walks through sections as far as they are sound, and makes
// each checksum right.
func repairChecksums(file []byte) {
	at := len(magic) + 4 + len(hash{})
	for at+sectionHeader <= len(file) {
		width := uint64(binary.LittleEndian.Uint32(file[at+4:]))
		count := binary.LittleEndian.Uint64(file[at+8:])
		room := uint64(len(file) - at - sectionHeader)
		if width > 8 || width > 0 && count > room/width || width*count+sectionChecksum > room {
			return
		}
		end := at + sectionHeader + int(width*count)
		binary.LittleEndian.PutUint32(file[end:], crc32.Checksum(file[at:end], castagnoli))
		at = end + sectionChecksum
	}
}

func TestValuesThatAreEndlessWhenWrittenOut(t *testing.T) {
	// Each list holds the one before it twice.
	v := &Values{kinds: []ValueKind{Nil, False, True}, words: []uint64{0, 0, 0}}
	for range 100 {
		v.words = append(v.words, uint64(len(v.parts)))
		v.parts = append(v.parts, 2, uint32(len(v.kinds)-1), uint32(len(v.kinds)-1))
		v.kinds = append(v.kinds, List)
	}
	v.texts.ends = []uint32{0}
	require.ErrorContains(t, v.check(), "is none")
}

// FuzzDecode repairs all checksums, so that what is behind them is tested.
func FuzzDecode(f *testing.F) {
	for seed := range 5 {
		_, file := encoded(f, historytest.AnyHistory().Example(seed))
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		repairChecksums(file)
		c, _, err := decode(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		require.Len(t, c.Calls(), c.Operations())
		for i := range c.Outcome {
			c.Functions.At(c.F[i])
			c.Keys.At(c.Key[i])
			c.Idems.At(c.Idem[i])
			c.Nodes.At(c.Node[i])
			c.Phases.At(c.Phase[i])
			c.Errors.At(c.Error[i])
			c.Values.At(c.In[i])
			_ = c.Processes[c.Process[i]]
		}
	})
}
