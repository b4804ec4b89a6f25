package wire_test

import (
	"testing"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

func BenchmarkFrame(b *testing.B) {
	sent, received := []byte(keyed), []byte(answer)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := (wire.HTTP1{}).Request(sent); n == 0 || err != nil {
			b.Fatal(n, err)
		}
		if n, err := (wire.HTTP1{}).Reply(received, sent, false); n == 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	w := fake.New(1)
	fault, err := kind(b, "reset-before-reply").New(plan.Fault{Target: "n1"}, w)
	if err != nil {
		b.Fatal(err)
	}
	if err := fault.Inject(b.Context()); err != nil {
		b.Fatal(err)
	}
	link, m := w.C.L(cluster.Client, "n1"), reply(0, keyed, answer)
	b.ReportAllocs()
	for b.Loop() {
		link.Send(m)
	}
}
