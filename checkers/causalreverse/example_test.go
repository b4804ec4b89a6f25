package causalreverse_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/causalreverse"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// The second write shows, and the first, which was acknowledged before it, does not.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :write, :value 1}
		{:process 0, :type :ok,     :f :write, :value 1}
		{:process 0, :type :invoke, :f :write, :value 2}
		{:process 0, :type :ok,     :f :write, :value 2}
		{:process 1, :type :invoke, :f :read}
		{:process 1, :type :ok,     :f :read, :value [2]}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := causalreverse.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - a read shows 2 without 1, which had happened before 2 was called
}
