//go:build !linux

package agent

import (
	"errors"

	"github.com/tertium-dev/tertium/harness/cluster/proxy"
)

func way() proxy.Way { return proxy.Way{} }

func redirect(map[string]string) (func() error, error) {
	return nil, errors.New("agents run on Linux only")
}
