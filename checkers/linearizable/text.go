package linearizable

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// text is the comparable form of a list or map.
type text string

// exact bounds the floats that stand for every integer up to them.
const exact = 1 << 53

// plain returns a value in a form that == can compare: scalars are themselves,
// whole floats are integers, lists and maps are their text.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, string, text:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < exact {
			return int64(v), nil
		}
		if math.IsNaN(v) {
			return nil, fmt.Errorf("a value that is not a number")
		}
		return v, nil
	case []any, map[string]any:
		encoded, err := appendText(nil, v)
		return text(encoded), err
	}
	return nil, fmt.Errorf("value %v of type %T is none that a history can have", v, v)
}

// appendText appends a value so that equal values, as [plain] has it, and no
// others give equal text. It looks like JSON, but tells bytes that are not UTF-8
// apart, and is one line without tabs.
func appendText(dst []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case []any:
		dst = append(dst, '[')
		for i, element := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendText(dst, element); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		dst = append(dst, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(strconv.AppendQuote(dst, key), ':')
			if dst, err = appendText(dst, v[key]); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	}
	scalar, err := plain(v)
	if err != nil {
		return nil, err
	}
	switch v := scalar.(type) {
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64), nil
	case string:
		return strconv.AppendQuote(dst, v), nil
	case text:
		return append(dst, v...), nil
	}
	return append(dst, "null"...), nil
}
