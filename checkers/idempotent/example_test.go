package idempotent_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/idempotent"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// The first attempt got no answer, and the second did the work again.
func Example() {
	h, err := history.Read(strings.NewReader(`{"t":1,"process":0,"type":"invoke","f":"deposit","key":"t1/a","idem":"t1/deposit/k1","value":{"tenant":"t1","account":"a","amount":5}}
{"t":2,"process":0,"type":"unknown","f":"deposit","error":"timeout"}
{"t":3,"process":1,"type":"invoke","f":"deposit","key":"t1/a","idem":"t1/deposit/k1","value":{"tenant":"t1","account":"a","amount":5}}
{"t":4,"process":1,"type":"ok","f":"deposit","value":{"id":2,"account":"a","amount":5,"balance":10}}
{"t":5,"process":2,"type":"invoke","f":"entries","key":"t1"}
{"t":6,"process":2,"type":"ok","f":"entries","value":[{"id":1,"operation":"deposit","key":"k1","account":"a","amount":5},{"id":2,"operation":"deposit","key":"k1","account":"a","amount":5}]}
`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := idempotent.New().Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - t1/deposit/k1 had more than one effect: effect 1 and effect 2
}
