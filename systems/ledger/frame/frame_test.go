package frame_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/systems/ledger/frame"
)

func TestNextReadsWhatAppendWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payloads := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 1, 5).Draw(t, "payloads")
		var data []byte
		for _, payload := range payloads {
			data = frame.Append(data, payload)
		}
		stream := frame.NewReader(bytes.NewReader(data))
		for _, want := range payloads {
			payload, size, err := frame.Next(data)
			require.NoError(t, err)
			require.Equal(t, frame.Size(len(want)), size)
			require.True(t, bytes.Equal(want, payload))
			data = data[size:]
			payload, err = stream.Next()
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, payload))
		}
		require.Empty(t, data)
		_, err := stream.Next()
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestNextSeesEveryCutAndFlip(t *testing.T) {
	whole := frame.Append(nil, []byte("a payload"))
	for n := range whole {
		_, _, err := frame.Next(whole[:n])
		require.ErrorIs(t, err, frame.ErrShort, "cut after %d bytes", n)
		_, err = frame.NewReader(bytes.NewReader(whole[:n])).Next()
		require.Error(t, err, "cut after %d bytes", n)
	}
	for bit := range len(whole) * 8 {
		flipped := bytes.Clone(whole)
		flipped[bit/8] ^= 1 << (bit % 8)
		_, _, err := frame.Next(flipped)
		require.True(t, errors.Is(err, frame.ErrDamaged) || errors.Is(err, frame.ErrShort), "bit %d", bit)
		_, err = frame.NewReader(bytes.NewReader(flipped)).Next()
		require.Error(t, err, "bit %d", bit)
	}
}

func TestFind(t *testing.T) {
	whole := frame.Append(nil, []byte("payload"))
	mark := whole[:4]
	for name, test := range map[string]struct {
		data []byte
		want int
	}{
		"nothing":             {nil, -1},
		"at once":             {whole, 0},
		"behind noise":        {append([]byte("noise"), whole...), 5},
		"behind a lone mark":  {append(bytes.Clone(mark), whole...), 4},
		"cut":                 {whole[:len(whole)-1], -1},
		"behind a cut one":    {append(bytes.Clone(whole[:len(whole)-1]), whole...), len(whole) - 1},
		"nothing but a mark":  {mark, -1},
		"an absurd length":    {append(bytes.Clone(mark), 255, 255, 255, 255), -1},
		"zeros":               {make([]byte, 100), -1},
		"an empty one behind": {frame.Append([]byte{0}, nil), 1},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, frame.Find(test.data))
		})
	}
}

func TestReaderTellsWhatMustFollow(t *testing.T) {
	r := frame.NewReader(bytes.NewReader(frame.Append(nil, []byte("12345"))))
	told := 0
	r.Begun = func(size int) { told = size }
	_, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, 5+4, told)
}

func FuzzNext(f *testing.F) {
	f.Add(frame.Append(nil, []byte("payload")))
	f.Add([]byte("\xa7LR1\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		payload, size, err := frame.Next(data)
		read, readErr := frame.NewReader(bytes.NewReader(data)).Next()
		require.Equal(t, err == nil, readErr == nil)
		if err == nil {
			require.Equal(t, payload, read)
			require.Equal(t, data[:size], frame.Append(nil, payload))
		}
	})
}
