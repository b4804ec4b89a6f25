package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// labelsName is the file that tells the known verdicts on a folder's histories.
const labelsName = "labels.tsv"

// historyCase is one history to check.
type historyCase struct {
	path, model, consistency string
	label                    *verdict.Verdict
}

// judged is what came of one.
type judged struct {
	Path   string           `json:"path"`
	Model  string           `json:"model"`
	Label  *verdict.Verdict `json:"label,omitempty"`
	Report verdict.Report   `json:"report,omitzero"`
	Error  string           `json:"error,omitempty"`
}

// text is one line, and the counterexample below it.
func (j judged) text() string {
	if j.Error != "" {
		return fmt.Sprintf("error    %s: %s\n", j.Path, results.Printable(j.Error, textLimit))
	}
	text := fmt.Sprintf("%-8v %s (%s): %s\n", j.Report.Verdict, j.Path, j.Model, results.Printable(j.Report.Cause, textLimit))
	if j.Label != nil {
		if *j.Label != j.Report.Verdict {
			text += fmt.Sprintf("  but it is labelled %v\n", *j.Label)
		}
		return text
	}
	for _, finding := range j.Report.Findings {
		text += "  " + results.Printable(finding.Summary, textLimit) + "\n"
		for _, step := range finding.Steps {
			text += "    " + results.Printable(step, textLimit) + "\n"
		}
	}
	return text
}

const textLimit = 2000

// gather finds the histories that paths name: files, folders, and folders with
// labels.
func gather(paths []string, model string) ([]historyCase, error) {
	var cases []historyCase
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			cases = append(cases, historyCase{path: path, model: model})
			continue
		}
		inside, err := gatherFolder(path, model)
		if err != nil {
			return nil, err
		}
		cases = append(cases, inside...)
	}
	for i := range cases {
		if cases[i].model == "" {
			return nil, fmt.Errorf("%s: %w", cases[i].path, errNoModel)
		}
	}
	return cases, nil
}

func gatherFolder(dir, model string) ([]historyCase, error) {
	labels, err := readLabels(filepath.Join(dir, labelsName))
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var cases []historyCase
	for _, entry := range entries {
		name := entry.Name()
		label, labelled := labels[name]
		if entry.IsDir() || name == labelsName || name == columns.FileName || (labels != nil && !labelled) {
			continue
		}
		c := historyCase{path: filepath.Join(dir, name), model: model}
		if labelled {
			c.label = &label.verdict
			if model == "" {
				c.model, c.consistency = label.model, label.consistency
			}
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s holds no history", dir)
	}
	return cases, nil
}

type label struct {
	verdict            verdict.Verdict
	model, consistency string
}

// readLabels reads lines of file, verdict, model and, for transactions, the
// consistency model asked about, parted by tabs. Without such a file there are
// none.
func readLabels(path string) (map[string]label, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	labels := map[string]label{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) < 3 {
			return nil, fmt.Errorf("%s:%d: a label is a file, a verdict and a model, parted by tabs", path, n)
		}
		l := label{model: fields[2]}
		if len(fields) > 3 {
			l.consistency = fields[3]
		}
		if err := l.verdict.UnmarshalText([]byte(fields[1])); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		labels[fields[0]] = l
	}
	return labels, lines.Err()
}

// fileChecker checks histories by a model.
type fileChecker struct {
	model, consistency, initial string
	keyed                       bool
	budget                      harness.Budget
	// draw is where pictures of cycles go, or empty.
	draw string
}

func (f fileChecker) check(ctx context.Context, c historyCase) judged {
	j := judged{Path: c.path, Model: c.model, Label: c.label}
	report, err := f.report(ctx, c)
	if err != nil {
		j.Error = err.Error()
	}
	j.Report = report
	return j
}

func (f fileChecker) report(ctx context.Context, c historyCase) (verdict.Report, error) {
	m, err := findModel(c.model)
	if err != nil {
		return verdict.Report{}, err
	}
	options, err := f.options(c)
	if err != nil {
		return verdict.Report{}, err
	}
	checker, err := m.checker(options)
	if err != nil {
		return verdict.Report{}, err
	}
	var reading []history.Option
	if f.keyed {
		reading = append(reading, history.KeyedValues)
	}
	if columnar, can := checker.(harness.ColumnChecker); can && !f.keyed && filepath.Base(c.path) == history.SealedName {
		// One of ours has its columns beside it, or gets them now.
		view, err := columns.Load(filepath.Dir(c.path))
		if err != nil {
			return verdict.Report{}, err
		}
		return upTo(view.Torn, harness.CheckColumns(ctx, view, columnar, f.budget)), nil
	}
	h, err := history.ReadFile(c.path, reading...)
	if err != nil {
		return verdict.Report{}, err
	}
	return upTo(h.Torn, harness.Check(ctx, h, []harness.Checker{checker}, f.budget)[0]), nil
}

// upTo is the report on a history whose end was cut off, if it was: what is
// missing may be what makes it invalid.
func upTo(torn string, report verdict.Report) verdict.Report {
	if torn != "" && report.Verdict == verdict.Valid {
		report.Verdict = verdict.Unknown
		report.Cause = fmt.Sprintf("the history breaks off (%s); up to there %s", torn, report.Cause)
	}
	return report
}

// options are those of the model, by the customs of where the history is from.
func (f fileChecker) options(c historyCase) (modelOptions, error) {
	options := modelOptions{consistency: cmp.Or(f.consistency, c.consistency)}
	if filepath.Ext(c.path) == ".edn" {
		options.linearizable = linearizable.Options{Initial: int64(0), NilIsUnknown: true}
	}
	if f.initial == "" {
		return options, nil
	}
	initial, err := jsonValue(f.initial)
	if err != nil {
		return options, fmt.Errorf("--initial %s is not JSON: %w", f.initial, err)
	}
	options.linearizable.Initial = initial
	return options, nil
}

// jsonValue reads a value as histories have it: whole numbers are int64.
func jsonValue(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	number, ok := value.(json.Number)
	if !ok {
		return value, nil
	}
	if whole, err := number.Int64(); err == nil {
		return whole, nil
	}
	return number.Float64()
}
