package results_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/results/internal/sample"
)

func junitOf(t require.TestingT, in results.Input) string {
	var buffer bytes.Buffer
	require.NoError(t, results.WriteJUnit(&buffer, results.Judge(in)))
	return buffer.String()
}

func TestJUnitGolden(t *testing.T) {
	golden(t, "junit-valid.xml", junitOf(t, inputOf(sample.Make(sample.Options{}))))
	golden(t, "junit-invalid.xml", junitOf(t, inputOf(sample.Make(sample.Options{Stale: true}))))
	golden(t, "junit-unknown.xml", junitOf(t, inputOf(sample.Make(sample.Options{Toothless: true}))))
}

// A build server is green exactly when the verdict is valid, and the counts say
// what the cases say.
func TestJUnitIsGreenOnlyWhenValid(t *testing.T) {
	runs := []sample.Run{sample.Make(sample.Options{}), sample.Make(sample.Options{Stale: true}), sample.Make(sample.Options{Toothless: true})}
	rapid.Check(t, func(t *rapid.T) {
		in := inputOf(rapid.SampledFrom(runs).Draw(t, "run"))
		in.Interrupted = rapid.Bool().Draw(t, "interrupted")
		in.Sealed = rapid.Bool().Draw(t, "sealed")
		in.Reports = append(in.Reports, verdict.Report{
			Checker: rapid.String().Draw(t, "checker"), Judged: 1,
			Verdict: rapid.SampledFrom([]verdict.Verdict{verdict.Valid, verdict.Invalid, verdict.Unknown}).Draw(t, "verdict"),
			Cause:   rapid.String().Draw(t, "cause"),
		})
		tests, failures, errors := 0, 0, 0
		var said map[string]int
		decoder := xml.NewDecoder(bytes.NewReader([]byte(junitOf(t, in))))
		for {
			token, err := decoder.Token()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			element, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			switch element.Name.Local {
			case "testsuite":
				said = map[string]int{}
				for _, attribute := range element.Attr {
					said[attribute.Name.Local], _ = strconv.Atoi(attribute.Value)
				}
			case "testcase":
				tests++
			case "failure":
				failures++
			case "error":
				errors++
			case "skipped":
				require.Fail(t, "nothing is ever skipped")
			}
		}
		require.Equal(t, []int{tests, failures, errors}, []int{said["tests"], said["failures"], said["errors"]})
		result := results.Judge(in)
		require.Equal(t, result.Verdict == verdict.Valid, failures+errors == 0)
		require.Equal(t, result.Verdict == verdict.Invalid, failures > 0)
	})
}
