// Command print prints the hashes of the golden plans, so that builds for other
// machines can be compared.
package main

import (
	"fmt"
	"os"

	"github.com/tertium-dev/tertium/harness/plan/internal/golden"
)

func main() {
	if err := golden.Print(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
