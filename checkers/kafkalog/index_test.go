package kafkalog

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		numbers := make(map[int64]int32)
		for _, offset := range rapid.SliceOf(rapid.OneOf(rapid.Int64Range(-3, 90), rapid.Int64())).Draw(t, "offsets") {
			number, known := numbers[offset]
			if !known {
				number = int32(len(numbers))
				numbers[offset] = number
			}
			require.Equal(t, number, x.find(offset, int32(len(numbers)-1)))
		}
	})
}
