package bykey_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/bykey"
	"github.com/tertium-dev/tertium/harness/history"
)

func TestOf(t *testing.T) {
	ops := []history.Operation{
		{F: "other", Key: "z"}, {F: "read", Key: "b"}, {F: "write", Key: "a"}, {F: "read", Key: "a"}, {F: "read", Key: "b"}, {F: "read"},
	}
	groups := bykey.Of(ops, "read", "write")
	require.Equal(t, []bykey.Group{{"b", []int32{1, 4}}, {"a", []int32{2, 3}}, {"", []int32{5}}}, groups)
	require.False(t, bykey.Named(groups))
	require.True(t, bykey.Named(groups[:2]))
	require.True(t, bykey.Named(groups[2:]))
	require.True(t, bykey.Named(nil))
	require.Empty(t, bykey.Of(ops, "none"))
	require.Empty(t, bykey.Of(nil, "read"))
}
