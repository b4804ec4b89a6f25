package harness_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
)

// picky is a workload with an option of its own.
type picky struct{ fakeWorkload }

var _ harness.Configurable = (*picky)(nil)

func (*picky) Validate(c plan.Config) error {
	if c.Options["taste"] == "bad" {
		return errors.New("option taste is bad")
	}
	return nil
}

// A plan is made only of options that the workload has.
func TestOptionsOfAWorkload(t *testing.T) {
	config := plan.Config{Options: map[string]string{"taste": "bad"}}
	_, err := harness.Prepare(1, config, &fakeSystem{}, &picky{}, nil)
	require.EqualError(t, err, "workload fake: option taste is bad")
	config.Options["taste"] = "good"
	_, err = harness.Prepare(1, config, &fakeSystem{}, &picky{}, nil)
	require.ErrorContains(t, err, "no plan can be made", "of the rest of this config")
}
