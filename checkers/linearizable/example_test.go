package linearizable_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// A model that was written for porcupine judges a history with a write of which
// nobody knows whether it happened.
func ExampleFromPorcupine() {
	register := porcupine.Model{
		Init: func() any { return int64(0) },
		Step: func(state, input, output any) (bool, any) {
			if input != nil {
				return true, input
			}
			return state == output, state
		},
	}
	model := linearizable.FromPorcupine("my-register", []string{"read", "write"}, register,
		func(op *history.Operation) (input, output any, tells bool, err error) {
			tells = op.Outcome == history.OK || op.F == "write" && op.Outcome == history.Unknown
			return op.Input, op.Output, tells, nil
		})
	h, err := history.Read(strings.NewReader(`
		{:process 0, :type :invoke, :f :write, :value 1}
		{:process 1, :type :invoke, :f :read}
		{:process 1, :type :ok,     :f :read, :value 1}
		{:process 0, :type :info,   :f :write, :error :timeout}
		{:process 1, :type :invoke, :f :read}
		{:process 1, :type :ok,     :f :read, :value 0}`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := linearizable.New(model).Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict)
	for _, step := range report.Findings[0].Steps {
		fmt.Println("-", step)
	}
	// Output:
	// invalid
	// - process 0 did write 1 (event 0, outcome unknown)
	// - process 1 did read nil and was answered 1 (events 1 to 2)
	// - process 1 did read nil and was answered 0 (events 4 to 5)
	// - Porcupine, asked about these operations alone, finds no order either.
}
