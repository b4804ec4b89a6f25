package history

import "testing"

func BenchmarkEncode(b *testing.B) {
	events := map[string]Event{
		"register": {Time: 123456789, Kind: Invoke, Process: 17, F: "write", Key: "k42", Value: int64(9876543), Node: "n1", Ref: "w17.12345"},
		"ledger": {Time: 123456789, Kind: Complete, Outcome: OK, Process: 17, F: "transfer", Key: "t1/a3", Idem: "t1/transfer/k17", Node: "n1", Ref: "w17.12345",
			Value: map[string]any{"id": int64(17), "from": "a3", "to": "a4", "amount": int64(5), "balance": int64(-3)}},
	}
	for name, e := range events {
		b.Run(name, func(b *testing.B) {
			var line []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if line, err = appendEvent(line[:0], &e, unnumbered); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(line)))
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	lines := map[string]string{
		"register": `{"t":123456789,"type":"invoke","process":17,"f":"write","key":"k42","value":9876543,"node":"n1","ref":"w17.12345"}`,
		"ledger":   `{"t":123456789,"type":"ok","process":17,"f":"transfer","key":"t1/a3","value":{"amount":5,"balance":-3,"from":"a3","id":17,"to":"a4"},"idem":"t1/transfer/k17","node":"n1","ref":"w17.12345"}`,
	}
	for name, line := range lines {
		b.Run(name, func(b *testing.B) {
			decoder := newLineDecoder()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decoder.event([]byte(line)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(line)))
		})
	}
}
