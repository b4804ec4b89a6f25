package nodelog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLogIsBoundedAndKeepsTheNewest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := Open(path)
	require.NoError(t, err)
	l.limit = 1000
	l.Begin()
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintln(&text, "line", i)
	}
	for _, line := range strings.SplitAfter(text.String(), "\n") {
		l.Drain(strings.NewReader(line))
	}
	l.Mark(1500*time.Millisecond, "process %d ended: %s", 7, "100% dead")
	require.Equal(t, "line 998\nline 999", l.Tail(2))
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	var all []byte
	for _, name := range []string{path + ".1", path} {
		part, err := os.ReadFile(name)
		require.NoError(t, err)
		require.LessOrEqual(t, len(part), 1000)
		all = append(all, part...)
	}
	want := text.String() + "--- tertium +1.500s process 7 ended: 100% dead\n"
	require.True(t, strings.HasSuffix(want, string(all)), "the last of what was said, without a gap")
	require.Greater(t, len(all), 1000)
}

func TestLogGoesOnWhereItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for i := range 2 {
		l, err := Open(path)
		require.NoError(t, err)
		require.Equal(t, "(nothing)", l.Tail(5))
		l.Add(fmt.Appendln(nil, "run", i))
		require.NoError(t, l.Close())
		l.Add([]byte("late"))
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "run 0\nrun 1\n", string(text))
}
