package disk

import (
	"fmt"
	"net/url"
	"os"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
	"github.com/tertium-dev/tertium/harness/plan"
)

// disks returns nil if nodes can have disks of the harness's own.
func disks(_ harness.System, config plan.Config) error {
	contained := config.Runtime == "docker"
	if contained {
		if host := os.Getenv("DOCKER_HOST"); host != "" {
			if at, err := url.Parse(host); err != nil || at.Scheme != "unix" {
				return fmt.Errorf("the Docker Engine at %s cannot use a disk of this machine", host)
			}
		}
	}
	return lossy.Available(contained)
}
