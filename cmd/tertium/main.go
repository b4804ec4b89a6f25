// Command tertium torments distributed systems and says, with evidence, whether
// they kept their promises.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/results"
)

func main() {
	os.Exit(int(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr)))
}

// execute runs the command line and returns the exit code. It prints each error
// once, with what to do about it.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) results.ExitCode {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return results.ExitValid
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// What cobra itself finds wrong is wrong with the command line.
		exit = &exitError{results.ExitUsage, err}
	}
	if exit.err != nil {
		fmt.Fprintf(stderr, "tertium: %v\n", exit.err)
	}
	return exit.code
}

// exitError is an error that decides the exit code. Its err is nil when all has
// been said already.
type exitError struct {
	code results.ExitCode
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit makes an error of an exit code; of a nil error and code 0 it makes nil.
func exit(code results.ExitCode, err error) error {
	if code == results.ExitValid && err == nil {
		return nil
	}
	return &exitError{code, err}
}

// newRoot is the whole command line. Each command is in the file of its name.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "tertium",
		Short:         "Torment a distributed system and judge whether it kept its promises",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newRun(), newPlan(), newCheck(), newSelftest(), newFindings(),
		newSystems(), newWorkloads(), newFaults(), newModels(), newConsistencyModels(),
		newDoctor(), newImages(), newCleanup(), newVersion(), newNode(), newAgent(),
	)
	return root
}
