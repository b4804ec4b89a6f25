package longfork_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/longfork"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Two reads saw two writes in opposite orders.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :read, :value [[:r :x nil] [:r :y nil]]}
		{:process 0, :type :ok,     :f :read, :value [[:r :x 1] [:r :y nil]]}
		{:process 1, :type :invoke, :f :read, :value [[:r :x nil] [:r :y nil]]}
		{:process 1, :type :ok,     :f :read, :value [[:r :x nil] [:r :y 1]]}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := longfork.Checker{}.Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - the read called at event 0 saw the write of x and not that of y; the read called at event 2 saw that of y and not that of x
}
