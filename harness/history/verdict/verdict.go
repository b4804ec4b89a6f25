// Package verdict holds the words in which a checker answers: a verdict, the
// findings that prove it, and the budget it had.
package verdict

import (
	"fmt"
	"time"
)

// Verdict is the conclusion about a property of a history. The zero value is
// [Unknown], so that forgetting to decide is safe.
type Verdict uint8

const (
	// Unknown: it could not be decided, or there was nothing to decide on.
	Unknown Verdict = iota
	// Valid: the history was checked and has the property.
	Valid
	// Invalid: the history cannot have the property.
	Invalid
)

// String returns "unknown", "valid" or "invalid".
func (v Verdict) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// MarshalText writes the verdict as its String.
func (v Verdict) MarshalText() ([]byte, error) {
	if v > Invalid {
		return nil, fmt.Errorf("no such verdict: %d", uint8(v))
	}
	return []byte(v.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []Verdict{Unknown, Valid, Invalid} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("no such verdict: %q", text)
}

// Compose returns the verdict of all parts together: invalid over unknown over
// valid. Of no parts it is Unknown, because nothing was judged.
func Compose(parts ...Verdict) Verdict {
	if len(parts) == 0 {
		return Unknown
	}
	all := Valid
	for _, part := range parts {
		switch {
		case part == Invalid:
			return Invalid
		case part != Valid:
			all = Unknown
		}
	}
	return all
}

// Budget bounds a check. The zero value of a field means the checker's own
// default. Past any bound the verdict is Unknown and findings so far are kept.
type Budget struct {
	// Time is the wall-clock time that the check may take.
	Time time.Duration
	// Memory is the number of bytes that the check may hold on to.
	Memory int64
}

// Report is what a checker says about a history. Equal histories give equal
// reports: it holds no time taken and no order of a map.
type Report struct {
	// Checker is the checker's name, such as "linearizable".
	Checker string `json:"checker"`
	// Property is what was judged, in words: "every key is linearizable as a
	// compare-and-set register".
	Property string  `json:"property"`
	Verdict  Verdict `json:"verdict"`
	// Cause is one sentence: why it is invalid or unknown, or what was covered.
	Cause string `json:"cause"`
	// Method is the algorithm that decided, and why that one.
	Method string `json:"method,omitempty"`
	// Judged is how many operations the verdict rests on. A report that is
	// Valid has judged at least one.
	Judged int `json:"judged"`
	// Findings are the counterexamples, the most telling first.
	Findings []Finding `json:"findings,omitempty"`
	// Figures are measures that the checker made, in its own order.
	Figures []Figure `json:"figures,omitempty"`
}

// Finding is one counterexample, as small as the checker could make it.
type Finding struct {
	// Anomaly is its standard name: "nonlinearizable", "double-effect",
	// "lost-update", "G-single".
	Anomaly string `json:"anomaly"`
	// Key is the key it is about, if it is about one.
	Key string `json:"key,omitempty"`
	// Summary is one plain sentence.
	Summary string `json:"summary"`
	// Steps explain it sentence by sentence.
	Steps []string `json:"steps,omitempty"`
	// Operations are the event indices of the invocations that it consists of,
	// ascending.
	Operations []int `json:"operations"`
	// Culprit is the event index of the invocation that no order explains, or
	// -1 when no single operation is to blame.
	Culprit int `json:"culprit"`
}

// Figure is one measure with its unit ("s", "ops", "1/s", "ratio" or "").
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
}
