package history_test

import (
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

func ExampleRead() {
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :write, :value 1}
		{:process 1, :type :invoke, :f :read}
		{:process 0, :type :info,   :f :write, :error :timeout}
		{:process 1, :type :ok,     :f :read, :value 1}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range h.Operations() {
		fmt.Println(o.Process, o.F, o.Input, o.Outcome, o.Output, o.Error)
	}
	// Output:
	// 0 write 1 unknown <nil> timeout
	// 1 read <nil> ok 1
}
