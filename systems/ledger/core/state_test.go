package core

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestApply(t *testing.T) {
	deposit := func(key string, amount int64) Command {
		return Command{Op: Deposit, Tenant: "t1", Key: key, Account: "a", Amount: amount}
	}
	transfer := func(key string, amount int64) Command {
		return Command{Op: Transfer, Tenant: "t1", Key: key, Account: "a", To: "b", Amount: amount}
	}
	for name, test := range map[string]struct {
		before []Command
		apply  Command
		want   Result
	}{
		"deposit": {
			apply: deposit("k", 5),
			want:  Result{ID: 1, Account: "a", Amount: 5, Balance: 5},
		},
		"deposit replayed, though the balance has changed": {
			before: []Command{deposit("k", 5), deposit("l", 5)},
			apply:  deposit("k", 5),
			want:   Result{ID: 1, Account: "a", Amount: 5, Balance: 5, Replayed: true},
		},
		"key with another payload": {
			before: []Command{deposit("k", 5)},
			apply:  deposit("k", 6),
			want:   Result{Code: Conflict},
		},
		"key of another tenant": {
			before: []Command{{Op: Deposit, Tenant: "t2", Key: "k", Account: "a", Amount: 5}},
			apply:  deposit("k", 5),
			want:   Result{ID: 2, Account: "a", Amount: 5, Balance: 5},
		},
		"key of another operation": {
			before: []Command{deposit("k", 5)},
			apply:  transfer("k", 2),
			want:   Result{ID: 2, Account: "a", To: "b", Amount: 2, Balance: 3},
		},
		"transfer of too much": {
			before: []Command{deposit("k", 5)},
			apply:  transfer("l", 6),
			want:   Result{Code: InsufficientFunds},
		},
		"refusal replayed, though there are funds by now": {
			before: []Command{transfer("l", 6), deposit("k", 10)},
			apply:  transfer("l", 6),
			want:   Result{Code: InsufficientFunds, Replayed: true},
		},
		"transfer to itself": {
			before: []Command{deposit("k", 5)},
			apply:  Command{Op: Transfer, Tenant: "t1", Key: "l", Account: "a", To: "a", Amount: 5},
			want:   Result{ID: 2, Account: "a", To: "a", Amount: 5, Balance: 5},
		},
		"deposit over the limit": {
			before: []Command{deposit("k", math.MaxInt64)},
			apply:  deposit("l", 1),
			want:   Result{Code: BalanceLimit},
		},
		"transfer over the limit of the other": {
			before: []Command{deposit("k", 5), {Op: Deposit, Tenant: "t1", Key: "l", Account: "b", Amount: math.MaxInt64}},
			apply:  transfer("m", 5),
			want:   Result{Code: BalanceLimit},
		},
		"compare-and-set of nothing": {
			apply: Command{Op: CompareAndSet, Account: "r", Amount: 1, OldNone: true},
			want:  Result{Account: "r", Value: 1},
		},
		"compare-and-set that expects nothing": {
			before: []Command{{Op: Write, Account: "r", Amount: 1}},
			apply:  Command{Op: CompareAndSet, Account: "r", Amount: 2, OldNone: true},
			want:   Result{Code: Mismatch, Account: "r", Value: 1},
		},
		"compare-and-set that expects something": {
			apply: Command{Op: CompareAndSet, Account: "r", Amount: 2, Old: 0},
			want:  Result{Code: Mismatch, Account: "r", None: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewState(time.Hour, Bugs{})
			for _, c := range test.before {
				s.Apply(c)
			}
			require.Equal(t, test.want, s.Apply(test.apply))
		})
	}
}

func TestKeysExpire(t *testing.T) {
	s := NewState(time.Second, Bugs{})
	at := func(key string, d time.Duration) Result {
		return s.Apply(Command{Op: Deposit, Tenant: "t", Key: key, Account: "a", Amount: 1, Time: int64(d)})
	}
	require.False(t, at("k", 10*time.Second).Replayed)
	require.True(t, at("k", 11*time.Second).Replayed, "after the TTL, to the nanosecond")
	require.True(t, at("k", 0).Replayed, "a proposer whose clock is behind")
	require.False(t, at("l", 11*time.Second+1).Replayed)
	require.False(t, at("k", 0).Replayed, "the state's clock does not go back")
	require.Len(t, s.keys.queue, 2)
	require.Len(t, s.keys.records, 2)
}

func drawCommand(t *rapid.T) Command {
	return Command{
		Op:      Op(rapid.IntRange(1, 4).Draw(t, "op")),
		Tenant:  rapid.SampledFrom([]string{"t1", "t2"}).Draw(t, "tenant"),
		Key:     rapid.SampledFrom([]string{"", "k", "l", "m"}).Draw(t, "key"),
		Account: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "account"),
		To:      rapid.SampledFrom([]string{"a", "b"}).Draw(t, "to"),
		Amount:  rapid.Int64Range(1, 20).Draw(t, "amount"),
		Old:     rapid.Int64Range(1, 20).Draw(t, "old"),
		OldNone: rapid.Bool().Draw(t, "none"),
		Time:    rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "time"),
	}
}

// A state that went through a snapshot goes on as one that did not.
func TestSnapshotChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := NewState(time.Second, Bugs{}), NewState(time.Second, Bugs{})
		for range rapid.IntRange(1, 30).Draw(t, "commands") {
			c := drawCommand(t)
			require.Equal(t, before.Apply(c), after.Apply(c))
			data := after.Encode()
			require.Equal(t, before.Encode(), data)
			var err error
			after, err = DecodeState(data, time.Second, Bugs{})
			require.NoError(t, err)
		}
	})
}

func TestProposalSurvivesItsCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := proposal{
			node: rapid.Uint64().Draw(t, "node"), incarnation: rapid.Uint64().Draw(t, "incarnation"),
			request: rapid.Uint64().Draw(t, "request"), command: drawCommand(t),
		}
		data := p.encode()
		got, err := decodeProposal(data)
		require.NoError(t, err)
		require.Equal(t, p, got)
		for n := range data {
			_, err := decodeProposal(data[:n])
			require.Error(t, err, "cut after %d of %d bytes", n, len(data))
		}
	})
}

func TestStray(t *testing.T) {
	deposit := proposal{node: 1, incarnation: 2, request: 3, command: Command{
		Op: Deposit, Tenant: "t1", Key: "k", Account: "a", Amount: 5,
	}}
	p, err := decodeProposal(Stray(deposit.encode(), 7))
	require.NoError(t, err)
	require.Zero(t, p.incarnation)
	require.Equal(t, Command{Op: Deposit, Tenant: "t1", Key: "stray-7", Account: "a", Amount: 5}, p.command)

	cas := proposal{command: Command{Op: CompareAndSet, Account: "r", Amount: 5, Old: 4}}
	p, err = decodeProposal(Stray(cas.encode(), math.MaxUint64))
	require.NoError(t, err)
	require.Equal(t, Write, p.command.Op)
	require.Negative(t, p.command.Amount)
	require.Nil(t, Stray([]byte("no command"), 1))
	require.Nil(t, Stray(nil, 1))
}

func FuzzDecodeProposal(f *testing.F) {
	f.Add(proposal{node: 1, command: Command{Op: Deposit, Key: "k"}}.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := decodeProposal(data); err == nil {
			again, err := decodeProposal(p.encode())
			require.NoError(t, err)
			require.Equal(t, p, again)
		}
	})
}

func FuzzDecodeState(f *testing.F) {
	s := NewState(time.Hour, Bugs{})
	s.Apply(Command{Op: Deposit, Tenant: "t", Key: "k", Account: "a", Amount: 1})
	s.Apply(Command{Op: Write, Account: "r", Amount: 1})
	f.Add(s.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := DecodeState(data, time.Hour, Bugs{}); err == nil {
			again, err := DecodeState(s.Encode(), time.Hour, Bugs{})
			require.NoError(t, err)
			require.Equal(t, s.Encode(), again.Encode())
		}
	})
}
