package transactional_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Two transactions read the same version and both replaced it, which snapshot isolation
// forbids.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:append :x 1]]}
		{:process 1, :type :invoke, :f :txn, :value [[:r :x nil] [:append :x 2]]}
		{:process 0, :type :ok,     :f :txn, :value [[:r :x []] [:append :x 1]]}
		{:process 1, :type :ok,     :f :txn, :value [[:r :x []] [:append :x 2]]}
		{:process 0, :type :invoke, :f :txn, :value [[:r :x nil]]}
		{:process 0, :type :ok,     :f :txn, :value [[:r :x [1 2]]]}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	checker, err := transactional.New(transactional.ListAppend, transactional.WithModel("snapshot-isolation"))
	if err != nil {
		fmt.Println(err)
		return
	}
	report := checker.Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - lost-update: T1 and T2 both read the same version of x and both wrote x, so that one of them overwrote the other unseen
}
