package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTimeTicksAreRound(t *testing.T) {
	written := func(s scale) (marks []string) {
		for _, mark := range s.timeTicks(4) {
			marks = append(marks, mark.At.String()+": "+mark.Label)
		}
		return marks
	}
	require.Equal(t, []string{"30: 1.405 s", "80: 1.410 s", "130: 1.415 s"},
		written(scale{low: float64(1402 * time.Millisecond), high: float64(1419 * time.Millisecond), from: 0, to: 170}))
	require.Equal(t, []string{"0: 0 s", "100: 10 s", "200: 20 s", "300: 30 s"},
		written(scale{low: 0, high: float64(31 * time.Second), from: 0, to: 310}))
}

func TestScaleStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scale{low: rapid.Float64Range(0, 1e15).Draw(t, "low"), from: 100, to: 900}
		s.high = s.low + rapid.Float64Range(0, 1e15).Draw(t, "span")
		at := s.at(rapid.Float64().Draw(t, "value"))
		require.GreaterOrEqual(t, at, s.from)
		require.LessOrEqual(t, at, s.to)
		require.LessOrEqual(t, len(s.timeTicks(10)), 12)
		require.LessOrEqual(t, len(s.countTicks(4)), 6)
	})
}

// A span far shorter than the moments at its ends can be told apart.
func TestTicksOfNextToNothing(t *testing.T) {
	s := scale{low: 1e15, from: 100, to: 900}
	for _, span := range []float64{0, 0.125, 1, 2} {
		s.high = s.low + span
		require.LessOrEqual(t, len(s.timeTicks(10)), 3)
		require.LessOrEqual(t, len(s.countTicks(4)), 3)
	}
}

// Short spans get room, order stays, and the ends are where they should be.
func TestWarped(t *testing.T) {
	w := newWarped([]time.Duration{0, time.Second, time.Second + 1, 10 * time.Second, time.Second}, 100, 900)
	require.Equal(t, px(100), w.time(0))
	require.Equal(t, px(900), w.time(10*time.Second))
	require.InDelta(t, 800.0/3/2, float64(w.time(time.Second+1)-w.time(time.Second)), 1)
	require.Equal(t, px(100), w.time(-time.Hour))
	require.Equal(t, px(900), w.time(time.Hour))

	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "moment")) })
		w := newWarped(rapid.SliceOfNDistinct(moment, 2, 20, rapid.ID).Draw(t, "moments"), 100, 900)
		a, b := moment.Draw(t, "a"), moment.Draw(t, "b")
		require.LessOrEqual(t, w.time(min(a, b)), w.time(max(a, b)))
	})
}

func TestLabelsGoWhereTheyFit(t *testing.T) {
	b := bar{X: 850, End: 890, Label: "3: read → 17", Number: 3}
	b.label(100, 900)
	require.Equal(t, bar{X: 850, End: 890, Label: "3: read → 17", Number: 3, LabelX: 890, Anchor: "end"}, b)
	b.label(800, 2000)
	require.Equal(t, "start", b.Anchor)
}

func TestDecade(t *testing.T) {
	for expected, power := range map[string]float64{"1 ns": 0, "100 µs": 5, "10 ms": 7, "1 s": 9, "1000 s": 12} {
		require.Equal(t, expected, decade(power))
	}
}

func TestPathHasGaps(t *testing.T) {
	var path pathBuilder
	path.to(1, 2)
	path.to(3, 4.05)
	path.lift()
	path.lift()
	path.to(5, 6)
	require.Equal(t, "M1 2h0L3 4.1M5 6h0", path.String())
}

func TestShortened(t *testing.T) {
	for expected, letters := range map[string]int{"12: read → 17": 20, "12: rea…": 8, "12": 7, "": 2} {
		require.Equal(t, expected, shortened("12: read → 17", 12, letters))
	}
}
