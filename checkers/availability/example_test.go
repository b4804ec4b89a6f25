package availability_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/checkers/availability"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// After the fault was healed an operation waited in vain for three seconds.
func Example() {
	h, err := history.Read(strings.NewReader(`{"t":0,"process":0,"type":"invoke","f":"read"}
{"t":1000000,"process":0,"type":"ok","f":"read"}
{"t":2000000,"process":-1,"type":"nemesis","f":"kill","ref":"f1","value":{"stage":"inject"}}
{"t":3000000,"process":-1,"type":"nemesis","f":"kill","ref":"f1","value":{"stage":"heal"}}
{"t":4000000,"process":0,"type":"invoke","f":"read"}
{"t":3004000000,"process":0,"type":"unknown","f":"read","error":"timeout"}
{"t":3005000000,"process":1,"type":"invoke","f":"read"}
{"t":3006000000,"process":1,"type":"ok","f":"read"}
`), history.Detect)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := availability.New(availability.Within(2*time.Second)).Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output:
	// invalid - after kill f1 was healed, service was tried for 3.001s, longer than 2s, and came back only 3.003s after it
}
