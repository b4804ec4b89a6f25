package core

import (
	"strconv"
	"testing"
	"time"
)

// bank is a state after n effects.
func bank(n int) *State {
	s := NewState(24*time.Hour, Bugs{})
	for i := range n {
		s.Apply(Command{
			Op: Deposit, Tenant: "t1", Key: "k" + strconv.Itoa(i), Account: "a" + strconv.Itoa(i%24), Amount: 1, Time: int64(i),
		})
	}
	return s
}

func BenchmarkApply(b *testing.B) {
	bank(b.N)
}

// BenchmarkSnapshot is the time that a node stands still for a snapshot, which
// must stay well below an election timeout.
func BenchmarkSnapshot(b *testing.B) {
	s := bank(100_000)
	for b.Loop() {
		b.SetBytes(int64(len(s.Encode())))
	}
}

func BenchmarkRestore(b *testing.B) {
	data := bank(100_000).Encode()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := DecodeState(data, 24*time.Hour, Bugs{}); err != nil {
			b.Fatal(err)
		}
	}
}
