package setfull_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/setfull"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// One element was acknowledged and is gone. Of the other nobody knows whether it was
// added, so it may be missing.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :add, :value 1}
		{:process 0, :type :ok,     :f :add, :value 1}
		{:process 1, :type :invoke, :f :add, :value 2}
		{:process 1, :type :info,   :f :add, :value 2, :error :timeout}
		{:process 0, :type :invoke, :f :read}
		{:process 0, :type :ok,     :f :read, :value []}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := setfull.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - 1 was acknowledged and is lost
}
