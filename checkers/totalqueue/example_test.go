package totalqueue_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/totalqueue"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Two elements are gone, and only one of them can have been taken by the dequeue of
// which nobody knows what it took.
func Example() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :enqueue, :value 1}
		{:process 0, :type :ok,     :f :enqueue, :value 1}
		{:process 0, :type :invoke, :f :enqueue, :value 2}
		{:process 0, :type :ok,     :f :enqueue, :value 2}
		{:process 1, :type :invoke, :f :dequeue}
		{:process 1, :type :info,   :f :dequeue, :error :timeout}
		{:process 0, :type :invoke, :f :drain}
		{:process 0, :type :ok,     :f :drain, :value []}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := totalqueue.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - acknowledged elements never came out, 2 among them: 2, and 1 unknown dequeues can have taken only as many
}
