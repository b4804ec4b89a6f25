package local_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

func TestStartThatFails(t *testing.T) {
	t.Run("no such program", func(t *testing.T) {
		s := spec("n1", nil)
		s.Command = func(cluster.Place) cluster.Command { return cluster.Command{Path: "no-such-program"} }
		err := open(t, s).Node("n1").Start(t.Context())
		require.ErrorContains(t, err, "no-such-program")
	})
	t.Run("crashes", func(t *testing.T) {
		n := open(t, spec("n1", nil, "crash")).Node("n1")
		err := n.Start(t.Context())
		require.ErrorContains(t, err, "starting node n1")
		require.ErrorContains(t, err, "exit code 7")
		require.ErrorContains(t, err, "panic: everything is lost")
		require.Len(t, n.Exits(), 1)
		require.False(t, n.Exits()[0].Asked)
		require.Equal(t, cluster.Down, n.State())
	})
	t.Run("is not ready in time", func(t *testing.T) {
		n := open(t, spec("n1", nil, "deaf")).Node("n1")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		err := n.Start(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "does not listen")
		require.Equal(t, cluster.Down, n.State())
		require.True(t, n.Exits()[0].Asked)
	})
	t.Run("never says it is ready", func(t *testing.T) {
		s := spec("n1", nil)
		reason := errors.New("has no leader")
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		s.Ready = func(context.Context, string) error {
			if asked++; asked == 3 {
				cancel()
			}
			return reason
		}
		n := open(t, s).Node("n1")
		err := n.Start(ctx)
		require.ErrorIs(t, err, reason)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, cluster.Down, n.State())
	})
	t.Run("context has ended", func(t *testing.T) {
		n := open(t, spec("n1", nil)).Node("n1")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, n.Start(ctx), context.Canceled)
		require.Empty(t, n.Exits())
	})
	t.Run("is killed meanwhile", func(t *testing.T) {
		n := open(t, spec("n1", nil, "deaf")).Node("n1")
		failed := make(chan error)
		go func() { failed <- n.Start(t.Context()) }()
		require.Eventually(t, func() bool { return n.State() == cluster.Running }, patience, time.Millisecond)
		require.NoError(t, n.Kill())
		require.ErrorContains(t, <-failed, "signal killed, as asked")
	})
	t.Run("runs already", func(t *testing.T) {
		n := open(t, spec("n1", nil)).Node("n1")
		start(t, n)
		require.ErrorContains(t, n.Start(t.Context()), "running already")
		require.Equal(t, cluster.Running, n.State(), "and goes on")
	})
	t.Run("cluster is closed", func(t *testing.T) {
		b := open(t, spec("n1", nil))
		start(t, b.Node("n1"))
		require.NoError(t, b.Close())
		require.ErrorContains(t, b.Node("n1").Start(t.Context()), "closed")
	})
	t.Run("cluster is closed meanwhile", func(t *testing.T) {
		b := open(t, spec("n1", nil, "deaf"))
		n := b.Node("n1")
		failed := make(chan error)
		go func() { failed <- n.Start(t.Context()) }()
		require.Eventually(t, func() bool { return n.State() == cluster.Running }, patience, time.Millisecond)
		require.NoError(t, b.Close())
		require.Error(t, <-failed)
	})
}

func TestReadyIsAskedUntilItSaysSo(t *testing.T) {
	s := spec("n1", nil)
	var asked []string
	s.Ready = func(ctx context.Context, addr string) error {
		asked = append(asked, addr)
		if len(asked) < 3 {
			return errors.New("not yet")
		}
		return nil
	}
	n := open(t, s).Node("n1")
	start(t, n)
	require.Equal(t, []string{n.Addr("client"), n.Addr("client"), n.Addr("client")}, asked)
}

func TestNodeWhosePortIsTakenIsTriedAgain(t *testing.T) {
	n := open(t, spec("n1", nil)).Node("n1")
	taken, err := net.Listen("tcp", n.Addr("client"))
	require.NoError(t, err)
	started := make(chan error)
	go func() { started <- n.Start(t.Context()) }()
	require.Eventually(t, func() bool { return len(n.Exits()) > 0 }, patience, time.Millisecond)
	require.NoError(t, taken.Close())
	require.NoError(t, <-started)
	require.Equal(t, 3, n.Exits()[0].Code)
}

func TestNodeThatSharesNoPort(t *testing.T) {
	n := open(t, spec("n1", nil, "own")).Node("n1")
	for range 2 {
		start(t, n)
		require.NoError(t, n.Kill())
	}
}
