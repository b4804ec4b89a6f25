package uniqueids_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/uniqueids"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Two calls were answered with one id.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :generate}
		{:process 0, :type :ok,     :f :generate, :value 41}
		{:process 1, :type :invoke, :f :generate}
		{:process 1, :type :ok,     :f :generate, :value 41}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := uniqueids.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - 41 was told twice
}
