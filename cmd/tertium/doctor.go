package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/journal"
	"github.com/tertium-dev/tertium/results"
)

// symptom is one thing that a run needs.
type symptom struct {
	name string
	// look says what it found, or what is wrong and what to do.
	look func() (string, error)
	// only says that runs of the default runtime do without it.
	only string
}

// containersOnly is what only runs in containers need.
const containersOnly = "--runtime docker"

func newDoctor() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether this machine has what runs need, and what to do if not",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ill := 0
			for _, s := range symptoms(cmd.Context(), out) {
				found, err := s.look()
				mark := "ok  "
				switch {
				case err != nil && s.only != "":
					mark, found = "no  ", err.Error()+" (needed for "+s.only+" only)"
				case err != nil:
					mark, found = "FAIL", err.Error()
					ill++
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s %-10s %s\n", mark, s.name, found)
			}
			if ill > 0 {
				return exit(results.ExitSetup, fmt.Errorf("%d of the above stand in the way of runs", ill))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "runs", "folder that runs go to")
	return cmd
}

func symptoms(ctx context.Context, out string) []symptom {
	return []symptom{
		{name: "processor", look: func() (string, error) {
			return fmt.Sprintf("%s/%s with %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()), nil
		}},
		{name: "binary", look: func() (string, error) {
			path, err := os.Executable()
			if err != nil {
				return "", fmt.Errorf("the bundled system starts this binary again, but its path is not known: %w", err)
			}
			return path, nil
		}},
		{name: "loopback", look: func() (string, error) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return "", fmt.Errorf("no port of 127.0.0.1 can be had: %w", err)
			}
			return "ports of 127.0.0.1 can be had", listener.Close()
		}},
		{name: "runs", look: func() (string, error) { return writable(out) }},
		{name: "state", look: func() (string, error) {
			dir, err := journal.Dir()
			if err != nil {
				return "", err
			}
			return writable(dir)
		}},
		{name: "disk", look: func() (string, error) { return flushTime(os.TempDir()) }},
		{name: "docker", look: func() (string, error) { return docker.Describe(ctx) }, only: containersOnly},
		{name: "base image", look: func() (string, error) { return docker.DescribeBase(ctx) }, only: containersOnly},
	}
}

// writable tries to write into a folder, or into where it would be made.
func writable(dir string) (string, error) {
	existing := dir
	for {
		if _, err := os.Stat(existing); err == nil || filepath.Dir(existing) == existing {
			break
		}
		existing = filepath.Dir(existing)
	}
	file, err := os.CreateTemp(existing, ".tertium-doctor-")
	if err != nil {
		return "", fmt.Errorf("%s cannot be written: %w; choose another folder with --out, or with TERTIUM_STATE for the state", dir, err)
	}
	path := file.Name()
	if err := file.Close(); err != nil {
		return "", err
	}
	return dir + " can be written", os.Remove(path)
}

// flushTime measures how long the bundled system waits for its disk.
func flushTime(dir string) (string, error) {
	file, err := os.CreateTemp(dir, ".tertium-doctor-")
	if err != nil {
		return "", fmt.Errorf("%s cannot be written, where nodes have their data: %w; set TMPDIR", dir, err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	const flushes = 20
	began := time.Now()
	for range flushes {
		if _, err := file.WriteString("flush me\n"); err != nil {
			return "", err
		}
		if err := file.Sync(); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("a flush in %s takes %v", dir, (time.Since(began) / flushes).Round(time.Microsecond)), nil
}
