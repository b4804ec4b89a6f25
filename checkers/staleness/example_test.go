package staleness_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/staleness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// A read returned a value two seconds after it had been replaced.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :write, :value 1, :time 0}
		{:process 0, :type :ok,     :f :write, :value 1, :time 1000000000}
		{:process 0, :type :invoke, :f :write, :value 2, :time 2000000000}
		{:process 0, :type :ok,     :f :write, :value 2, :time 3000000000}
		{:process 1, :type :invoke, :f :read,            :time 5000000000}
		{:process 1, :type :ok,     :f :read,  :value 1, :time 6000000000}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := staleness.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// valid - 1 reads of 1 registers returned one of the last 2 values, replaced for at most 2s
}
