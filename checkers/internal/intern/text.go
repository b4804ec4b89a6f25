package intern

import (
	"maps"
	"math"
	"slices"
	"strconv"
)

// appendText appends a text that equal values share and no others, or reports that
// there is none. It is not JSON, to which all bytes that are no UTF-8 are alike.
func appendText(text []byte, value any) (_ []byte, ok bool) {
	switch v := value.(type) {
	case nil:
		return append(text, "null"...), true
	case bool:
		return strconv.AppendBool(text, v), true
	case int64:
		return strconv.AppendInt(text, v, 10), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.AppendInt(text, int64(v), 10), true
		}
		return strconv.AppendFloat(text, v, 'e', -1, 64), !math.IsNaN(v)
	case string:
		return strconv.AppendQuote(text, v), true
	case []any:
		text = append(text, '[')
		for _, element := range v {
			if text, ok = appendText(text, element); !ok {
				return text, false
			}
			text = append(text, ',')
		}
		return append(text, ']'), true
	case map[string]any:
		text = append(text, '{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			text = append(strconv.AppendQuote(text, name), ':')
			if text, ok = appendText(text, v[name]); !ok {
				return text, false
			}
			text = append(text, ',')
		}
		return append(text, '}'), true
	}
	return text, false
}
