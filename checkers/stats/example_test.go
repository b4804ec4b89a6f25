package stats_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/stats"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Nothing is known of a function that never succeeded.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :read}
		{:process 0, :type :ok,     :f :read, :value 1}
		{:process 1, :type :invoke, :f :write, :value 2}
		{:process 1, :type :info,   :f :write, :value 2, :error :timeout}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := stats.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// unknown - never succeeded, so never tested: write (0 fail, 1 unknown)
}
