package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// span is a duration that is written as people write it: "500ms".
type span time.Duration

func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a length of time: write it as 500ms, 30s or 1m30s", text)
	}
	*s = span(d)
	return nil
}

// configJSON has the fields of a config in the order and form in which they are
// written.
type configJSON struct {
	System          string            `json:"system"`
	Workload        string            `json:"workload"`
	Runtime         string            `json:"runtime,omitempty"`
	Nodes           []string          `json:"nodes"`
	Bugs            []string          `json:"bugs,omitempty"`
	Workers         int               `json:"workers"`
	Rate            int               `json:"rate"`
	WarmUp          span              `json:"warm_up"`
	Time            span              `json:"time"`
	Settle          span              `json:"settle"`
	Timeout         span              `json:"timeout"`
	Faults          []string          `json:"faults"`
	Script          []Injection       `json:"script,omitempty"`
	Keys            int               `json:"keys"`
	AmbiguityBudget int               `json:"ambiguity_budget"`
	Options         map[string]string `json:"options,omitempty"`
}

// MarshalJSON writes the config with lengths of time such as "500ms".
func (c Config) MarshalJSON() ([]byte, error) {
	return marshal(configJSON{
		System: c.System, Workload: c.Workload, Runtime: c.Runtime, Nodes: c.Nodes, Bugs: c.Bugs,
		Workers: c.Workers, Rate: c.Rate,
		WarmUp: span(c.WarmUp), Time: span(c.Time), Settle: span(c.Settle), Timeout: span(c.Timeout),
		Faults: c.Faults, Script: c.Script, Keys: c.Keys, AmbiguityBudget: c.AmbiguityBudget, Options: c.Options,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote. A field that it does not know is
// an error, because it would be a setting without effect.
func (c *Config) UnmarshalJSON(data []byte) error {
	var j configJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	*c = Config{
		System: j.System, Workload: j.Workload, Runtime: j.Runtime, Nodes: j.Nodes, Bugs: j.Bugs,
		Workers: j.Workers, Rate: j.Rate,
		WarmUp: time.Duration(j.WarmUp), Time: time.Duration(j.Time), Settle: time.Duration(j.Settle), Timeout: time.Duration(j.Timeout),
		Faults: j.Faults, Script: j.Script, Keys: j.Keys, AmbiguityBudget: j.AmbiguityBudget, Options: j.Options,
	}
	return nil
}

// marshal is json.Marshal without the escapes that are meant for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
