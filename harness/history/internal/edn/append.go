package edn

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// Append appends a value so that [Reader] reads it back equal. Keys of maps are
// sorted; those that look like whole numbers are written as such, and those
// that can be keywords as keywords, because that is what Jepsen's checkers look
// for.
func Append(dst []byte, value any, depth int) ([]byte, error) {
	if depth > syntax.MaxDepth {
		return dst, syntax.ErrTooDeep
	}
	switch value := value.(type) {
	case nil:
		return append(dst, "nil"...), nil
	case bool:
		return strconv.AppendBool(dst, value), nil
	case int64:
		return strconv.AppendInt(dst, value, 10), nil
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return dst, fmt.Errorf("its value holds %v; use a string", value)
		}
		return syntax.AppendFloat(dst, value), nil
	case string:
		return syntax.AppendQuoted(dst, value), nil
	case []any:
		return appendVector(dst, value, depth)
	case map[string]any:
		return appendMap(dst, value, depth)
	}
	return dst, fmt.Errorf("its value holds a %T; use nil, bool, int64, float64, string, []any or map[string]any", value)
}

func appendVector(dst []byte, elements []any, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i, element := range elements {
		if i > 0 {
			dst = append(dst, ' ')
		}
		var err error
		if dst, err = Append(dst, element, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, members map[string]any, depth int) ([]byte, error) {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if number, err := strconv.ParseInt(key, 10, 64); err == nil && strconv.FormatInt(number, 10) == key {
			dst = append(dst, key...)
		} else {
			dst = AppendName(dst, key)
		}
		dst = append(dst, ' ')
		var err error
		if dst, err = Append(dst, members[key], depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// AppendName appends a name as a keyword if it can be one, and else as a string.
func AppendName(dst []byte, name string) []byte {
	if isKeyword(name) {
		return append(append(dst, ':'), name...)
	}
	return syntax.AppendQuoted(dst, name)
}

// isKeyword reports whether every reader of EDN takes the name for a keyword:
// letters, then letters, digits and a few signs.
func isKeyword(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '_' || c == '?' || c == '!'):
		default:
			return false
		}
	}
	return name != ""
}

// KeyText returns the text that stands for a value where a key is a string.
func KeyText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := Append(nil, value, 0)
	if err != nil {
		// Values that were read can be written; this one was made by hand.
		return fmt.Sprint(value)
	}
	return string(text)
}
