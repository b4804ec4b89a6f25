package counterbounds_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/counterbounds"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// An addition of which nobody knows whether it happened explains a read, but not two
// of its size.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :add, :value 5}
		{:process 0, :type :info,   :f :add, :value 5, :error :timeout}
		{:process 1, :type :invoke, :f :read}
		{:process 1, :type :ok,     :f :read, :value 5}
		{:process 1, :type :invoke, :f :read}
		{:process 1, :type :ok,     :f :read, :value 10}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := counterbounds.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - a read says 10, and all that can have been added before it makes at most 5
}
