package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os/signal"
	"syscall"
	"time"
)

// Main runs a node until the context ends or the process is asked to end, and
// returns its exit code: 0 after an orderly end, 64 for arguments that make no
// sense, 1 for anything else.
func Main(ctx context.Context, args []string, stderr io.Writer) int {
	options, err := ParseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "ledger:", err)
		return 64
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	logger := log.New(stderr, options.ID+" ", log.LstdFlags|log.Lmicroseconds)
	if err := run(ctx, options, logger); err != nil {
		logger.Print(err)
		return 1
	}
	return 0
}

// run listens and serves until the context ends.
func run(ctx context.Context, options Options, logger *log.Logger) error {
	clients, err := listen(ctx, options.Client)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	peers, err := listen(ctx, options.Peer)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for other nodes: %w", err), clients.Close())
	}
	return Run(ctx, options, clients, peers, logger)
}

// listen binds an address. A node that is restarted at once can find its port
// still taken by what is left of its former life, so it tries for a while.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		listener, err := config.Listen(ctx, "tcp", addr)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || wait > time.Second {
			return listener, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}
