package bank_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/bank"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// A read saw half of a transfer.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :read}
		{:process 0, :type :ok,     :f :read, :value {:savings 10, :checking 0}}
		{:process 0, :type :invoke, :f :read}
		{:process 0, :type :ok,     :f :read, :value {:savings 4, :checking 0}}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := bank.Checker{}.Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - a read saw 4 in all, and there should always be 10
}
