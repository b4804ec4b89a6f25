package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// symbolKey marks a symbol in JSON. No map in a plan may use it.
const symbolKey = "$symbol"

// maxDepth is how deep values may be nested.
const maxDepth = 32

// MarshalJSON writes the symbol as {"$symbol": name}.
func (s Symbol) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{symbolKey: string(s)})
}

// checkValue returns an error unless the value can be written down and read
// back as it is. It may be nil, bool, int64, string, Symbol, or []any or
// map[string]any of these.
func checkValue(value any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("its value is nested deeper than %d levels", maxDepth)
	}
	switch v := value.(type) {
	case nil, bool, int64:
		return nil
	case string:
		return checkText(v)
	case Symbol:
		return checkText(string(v))
	case []any:
		if v == nil {
			return errors.New("its value holds a nil slice: make it empty, or leave it out")
		}
		for _, item := range v {
			if err := checkValue(item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		if v == nil {
			return errors.New("its value holds a nil map: make it empty, or leave it out")
		}
		for key, item := range v {
			if key == symbolKey {
				return fmt.Errorf("its value has a key %q, which stands for symbols: use plan.Symbol", symbolKey)
			}
			if err := errors.Join(checkText(key), checkValue(item, depth+1)); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("its value holds a %T: use int64, string, bool, plan.Symbol, []any or map[string]any", value)
}

func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("the text %q is not UTF-8", text)
	}
	return nil
}

// planValue turns a decoded JSON value into a value as plans hold it.
func planValue(value any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("the value is nested deeper than %d levels", maxDepth)
	}
	switch v := value.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return nil, fmt.Errorf("%s is not a whole number of 64 bits", v)
		}
		return n, nil
	case []any:
		for i, item := range v {
			var err error
			if v[i], err = planValue(item, depth+1); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		if name, ok := v[symbolKey]; ok {
			text, isText := name.(string)
			if !isText || len(v) != 1 {
				return nil, fmt.Errorf("a symbol must be {%q: name} and nothing else", symbolKey)
			}
			return Symbol(text), nil
		}
		for key, item := range v {
			var err error
			if v[key], err = planValue(item, depth+1); err != nil {
				return nil, err
			}
		}
		return v, nil
	}
	return value, nil
}
