package kafkalog_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/kafkalog"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// A consumer was given the messages before and after one that was acknowledged.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :send, :value "a"}
		{:process 0, :type :ok,     :f :send, :value 0}
		{:process 0, :type :invoke, :f :send, :value "b"}
		{:process 0, :type :ok,     :f :send, :value 1}
		{:process 0, :type :invoke, :f :send, :value "c"}
		{:process 0, :type :ok,     :f :send, :value 2}
		{:process 1, :type :invoke, :f :poll}
		{:process 1, :type :ok,     :f :poll, :value [[0 "a"] [2 "c"]]}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := kafkalog.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - "b" was acknowledged at offset 1 and nobody was given it, though offset 2 was polled
}
