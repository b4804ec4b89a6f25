package results_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/results"
)

const docs = "../docs/run-folder.md"

// Every field that a reader of the files can meet is explained.
func TestDocsNameEveryField(t *testing.T) {
	content, err := os.ReadFile(docs)
	require.NoError(t, err)
	config, err := json.Marshal(plan.Config{Runtime: "local", Bugs: []string{"x"}, Options: map[string]string{"x": "y"}})
	require.NoError(t, err)
	var settings map[string]any
	require.NoError(t, json.Unmarshal(config, &settings))
	names := append(fieldsOf(reflect.TypeFor[results.Result]()), fieldsOf(reflect.TypeFor[results.Manifest]())...)
	for name := range settings {
		names = append(names, name)
	}
	for _, name := range names {
		require.Contains(t, string(content), "`"+name+"`")
	}
}

// fieldsOf are the names under which a type and all within it are written.
func fieldsOf(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return fieldsOf(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" {
			names = append(names, name)
		}
		if name != "" || field.Anonymous {
			names = append(names, fieldsOf(field.Type)...)
		}
	}
	return names
}

func TestDocsExample(t *testing.T) {
	content, err := os.ReadFile(docs)
	require.NoError(t, err)
	_, example, found := strings.Cut(string(content), "```json\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	decoder := json.NewDecoder(strings.NewReader(example))
	decoder.DisallowUnknownFields()
	var result results.Result
	require.NoError(t, decoder.Decode(&result))
	require.Equal(t, results.ExitInvalid, result.Exit)
}

func TestDocsListExitCodes(t *testing.T) {
	content, err := os.ReadFile(docs)
	require.NoError(t, err)
	for _, code := range []results.ExitCode{
		results.ExitValid, results.ExitInvalid, results.ExitUnknown, results.ExitGate,
		results.ExitSetup, results.ExitUsage, results.ExitInternal, results.ExitInterrupted,
	} {
		row, err := json.Marshal(int(code))
		require.NoError(t, err)
		require.Contains(t, string(content), "| "+string(row)+" | "+code.String()+" |")
	}
}
