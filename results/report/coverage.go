package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/results"
)

// coverage says which kind of fault overlapped which function, and how often.
type coverage struct {
	Functions []string
	Rows      []coverageRow
	// Gaps are the cells without an operation, in words.
	Gaps []string
}

type coverageRow struct {
	Kind  string
	Cells []coverageCell
}

type coverageCell struct {
	Total, Detail string
	Empty         bool
}

type faultView struct {
	Name, Where, From, To, Evidence string
	Bit                             bool
	WhyNot                          string
}

func faultOf(f results.Fault) faultView {
	v := faultView{Name: text(f.Name()), Where: text(strings.Join(f.Where, ", ")), Evidence: text(f.Evidence), Bit: f.Bit, WhyNot: text(f.WhyNot())}
	if f.Injected {
		v.From, v.To = fmt.Sprintf("%.2f s", f.Start.Seconds()), fmt.Sprintf("%.2f s", f.End.Seconds())
		if !f.Healed {
			v.To = "never healed"
		}
	}
	return v
}

// coverageOf counts only faults that bit: one without effect covers nothing.
func coverageOf(faults []results.Fault) coverage {
	var kinds, functions []string
	counts := map[[2]string]*results.Outcomes{}
	for _, fault := range faults {
		if !slices.Contains(kinds, fault.Kind) {
			kinds = append(kinds, fault.Kind)
		}
		for _, tally := range fault.Overlaps {
			if !slices.Contains(functions, tally.F) {
				functions = append(functions, tally.F)
			}
			if !fault.Bit {
				continue
			}
			at := [2]string{fault.Kind, tally.F}
			if counts[at] == nil {
				counts[at] = new(results.Outcomes)
			}
			counts[at].OK += tally.OK
			counts[at].Fail += tally.Fail
			counts[at].Unknown += tally.Unknown
		}
	}
	slices.Sort(functions)
	var c coverage
	for _, f := range functions {
		c.Functions = append(c.Functions, text(f))
	}
	for _, kind := range kinds {
		row := coverageRow{Kind: text(kind)}
		for _, f := range functions {
			n := counts[[2]string{kind, f}]
			if n == nil {
				row.Cells = append(row.Cells, coverageCell{Empty: true})
				c.Gaps = append(c.Gaps, fmt.Sprintf("%s never overlapped %s", text(kind), text(f)))
				continue
			}
			row.Cells = append(row.Cells, coverageCell{
				Total:  results.Number(n.Sum()),
				Detail: fmt.Sprintf("%s ok, %s fail, %s unknown", results.Number(n.OK), results.Number(n.Fail), results.Number(n.Unknown)),
			})
		}
		if len(functions) == 0 {
			c.Gaps = append(c.Gaps, text(kind)+" overlapped nothing")
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}
