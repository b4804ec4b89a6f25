package jsontext

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// Append appends a value as JSON.
func Append(dst []byte, value any, depth int) ([]byte, error) {
	if depth > syntax.MaxDepth {
		return dst, syntax.ErrTooDeep
	}
	switch value := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, value), nil
	case int64:
		return strconv.AppendInt(dst, value, 10), nil
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return dst, fmt.Errorf("its value holds %v, which JSON cannot say; use a string", value)
		}
		return syntax.AppendFloat(dst, value), nil
	case string:
		return syntax.AppendQuoted(dst, value), nil
	case []any:
		return appendArray(dst, value, depth)
	case map[string]any:
		return appendObject(dst, value, depth)
	}
	return dst, fmt.Errorf("its value holds a %T; use nil, bool, int64, float64, string, []any or map[string]any", value)
}

func appendArray(dst []byte, elements []any, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i, element := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = Append(dst, element, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, members map[string]any, depth int) ([]byte, error) {
	var room [8]string
	names := room[:0]
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(syntax.AppendQuoted(dst, name), ':')
		var err error
		if dst, err = Append(dst, members[name], depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}
