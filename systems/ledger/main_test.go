package ledger_test

import (
	"context"
	"os"
	"testing"

	"github.com/tertium-dev/tertium/systems/ledger"
)

// TestMain lets the test binary be a node, as the command line is one.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "node" && os.Args[2] == "ledger" {
		os.Exit(ledger.Main(context.Background(), os.Args[3:], os.Stderr))
	}
	os.Exit(m.Run())
}
