package conservation_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/conservation"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// A balance is higher than all that can have been deposited.
func Example() {
	h, err := history.Read(strings.NewReader(`{"t":1,"process":0,"type":"invoke","f":"deposit","key":"t1/a","idem":"t1/deposit/k1","value":{"tenant":"t1","account":"a","amount":5}}
{"t":2,"process":0,"type":"ok","f":"deposit","value":{"id":1,"account":"a","amount":5,"balance":5}}
{"t":3,"process":0,"type":"invoke","f":"balance","key":"t1/a"}
{"t":4,"process":0,"type":"ok","f":"balance","value":10}
`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := conservation.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - t1/a was told to hold 10, but can have held 5 at most
}
