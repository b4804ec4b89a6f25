package plan_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan/internal/golden"
)

// These hashes change only if plans of equal seeds and configs change, which
// makes every recorded seed stand for another plan. That needs a line in the
// changelog.
const goldenHashes = `704e1715ab5e7de43880ba649a2336dc209373ff606d9cb9f794c4d0dca67b34 small
16237f62267d02f79718a9769d39f44c7b0afb4662dc199a35a0a893b7b1c31e full
f1866e995e6e85111b59301d197ac931597736cfafa70384ac30919323c982a6 full, greatest seed
`

func TestGoldenHashes(t *testing.T) {
	for _, procs := range []int{1, 2} {
		before := runtime.GOMAXPROCS(procs)
		var out bytes.Buffer
		err := golden.Print(&out)
		runtime.GOMAXPROCS(before)
		require.NoError(t, err)
		require.Equal(t, goldenHashes, out.String(), "with GOMAXPROCS=%d", procs)
	}
}

func TestGoldenHashesOn32Bits(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command to build with")
	}
	program := filepath.Join(t.TempDir(), "print")
	build := exec.Command(goTool, "build", "-o", program, "./internal/golden/print")
	build.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0", "GOFLAGS=")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	if runtime.GOARCH != "amd64" && runtime.GOARCH != "386" {
		t.Skip("built for 386, which this machine cannot run")
	}
	got, err := exec.Command(program).Output()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Skipf("built for 386, which this machine cannot run: %v", err)
	}
	require.NoError(t, err)
	require.Equal(t, goldenHashes, string(got))
}
