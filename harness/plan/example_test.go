package plan_test

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

var (
	read  = plan.Repeat(plan.Op{F: "read"})
	write = plan.Draw(func(_ *plan.Stream, n int64) plan.Op { return plan.Op{F: "write", Value: n} })
)

// show prints the first operations of every worker.
func show(workers int, g plan.Generator) {
	for worker := range workers {
		config := plan.Config{Workers: workers, Rate: workers, Nodes: []string{"n1", "n2"}}
		fmt.Printf("w%d:", worker)
		n := 0
		for op := range g(plan.Scope{Seed: 1, Config: config, Worker: worker, Path: "main"}) {
			fmt.Print(" ", op.F)
			if op.Value != nil {
				fmt.Print(" ", op.Value)
			}
			if op.Key != "" {
				fmt.Print(" of ", op.Key)
			}
			if op.Node != "" {
				fmt.Print(" at ", op.Node)
			}
			if op.At > 0 {
				fmt.Print(" after ", op.At.Round(100*time.Millisecond))
			}
			if op.Unless != nil {
				fmt.Printf(" unless %d %s are %v", op.Unless.Count, op.Unless.F, op.Unless.Outcome)
			}
			fmt.Print(",")
			if n++; n == 5 {
				break
			}
		}
		fmt.Println()
	}
}

func ExampleMix() {
	show(2, plan.Mix(plan.Weigh(60, read), plan.Weigh(40, write)))
	// Output:
	// w0: read, read, read, read, read,
	// w1: read, write 0, write 1, read, write 2,
}

func ExampleStagger() {
	show(2, plan.Stagger(10, read))
	// Output:
	// w0: read after 100ms, read after 200ms, read after 500ms, read after 600ms, read after 800ms,
	// w1: read after 100ms, read after 400ms, read after 500ms, read after 700ms, read after 1s,
}

func ExamplePhases() {
	show(2, plan.Phases(
		plan.EachWorker(plan.Once(plan.Op{F: "login"})),
		plan.Limit(4, write),
		read,
	))
	// Output:
	// w0: login, write 0, write 1, read, read,
	// w1: login, write 0, write 1, read, read,
}

func ExampleReserve() {
	show(3, plan.Reserve(read, plan.Workers(1, write)))
	// Output:
	// w0: write 0, write 1, write 2, write 3, write 4,
	// w1: read, read, read, read, read,
	// w2: read, read, read, read, read,
}

func ExampleConcurrentKeys() {
	show(4, plan.ConcurrentKeys(2,
		func(n int) string { return "r" + strconv.Itoa(n) },
		func(key string) plan.Generator { return plan.Limit(4, write) },
	))
	// Output:
	// w0: write 0 of r0, write 1 of r0, write 0 of r2, write 1 of r2, write 0 of r4,
	// w1: write 0 of r0, write 1 of r0, write 0 of r2, write 1 of r2, write 0 of r4,
	// w2: write 0 of r1, write 1 of r1, write 0 of r3, write 1 of r3, write 0 of r5,
	// w3: write 0 of r1, write 1 of r1, write 0 of r3, write 1 of r3, write 0 of r5,
}

func ExampleMerge() {
	show(1, plan.Merge(
		plan.TimeLimit(3*time.Second, plan.Stagger(1, read)),
		plan.After(time.Second, plan.TimeLimit(2*time.Second, plan.Stagger(1, write))),
	))
	// Output:
	// w0: read after 600ms, write 0 after 1.2s, read after 1.7s, read after 2.9s, write 1 after 3s,
}

func ExampleUntil() {
	show(1, plan.Limit(1, plan.Until(plan.Condition{F: "transfer", Outcome: history.OK, Count: 40}, read)))
	// Output:
	// w0: read unless 40 transfer are ok,
}

func ExampleOnEachNode() {
	show(2, plan.OnEachNode(plan.FromSlice([]plan.Op{{F: "dump", Key: "t1"}, {F: "dump", Key: "t2"}})))
	// Output:
	// w0: dump of t1 at n1, dump of t1 at n2,
	// w1: dump of t2 at n1, dump of t2 at n2,
}
