package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const printed = `goos: linux
BenchmarkCurve/registers=1/100/tertium-2     5   200000 ns/op   1.0 cpu-ns/operation
BenchmarkCurve/registers=1/100/tertium-2     5   100000 ns/op
BenchmarkCurve/registers=1/1000/tertium-2    5  1000000 ns/op
BenchmarkCurve/registers=1/100/porcupine-2   1  9000000 ns/op
BenchmarkCurve/registers=1/1000/porcupine
--- SKIP: BenchmarkCurve/registers=1/1000/porcupine
PASS
`

func TestRead(t *testing.T) {
	curves, err := read(strings.NewReader(printed))
	require.NoError(t, err)
	require.Equal(t, []curve{
		{"registers=1", true, []point{{100, 1e-4}, {1000, 1e-3}}},
		{"registers=1, porcupine", false, []point{{100, 9e-3}}},
	}, curves)
	_, err = read(strings.NewReader("PASS\n"))
	require.ErrorContains(t, err, "no line of a benchmark")
}

func TestDraw(t *testing.T) {
	curves, err := read(strings.NewReader(printed))
	require.NoError(t, err)
	curves[1].name = `<script>"&`
	var out bytes.Buffer
	require.NoError(t, draw(&out, curves))
	decoder := xml.NewDecoder(&out)
	marks, texts := 0, ""
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch x := token.(type) {
		case xml.StartElement:
			require.NotEqual(t, "script", x.Name.Local)
			if x.Name.Local == "circle" || x.Name.Local == "rect" {
				marks++
			}
		case xml.CharData:
			texts += string(x)
		}
	}
	require.Equal(t, 4, marks, "a mark for each point, and the page")
	require.Contains(t, texts, "1k")
	require.Contains(t, texts, "100µs")
	require.Contains(t, texts, `<script>"&`)
}
