// Package named makes the checker and the monitor of a model that is known to
// exist.
package named

import (
	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness"
)

// Checker judges objects by the linearizable model of a name. It panics if
// there is none.
func Checker(name string) harness.Checker { return linearizable.New(model(name)) }

// Monitor judges the same while the run goes on. It panics if it cannot.
func Monitor(name string) harness.Monitor {
	monitor, err := linearizable.NewMonitor(model(name))
	if err != nil {
		panic("the model of this workload cannot be monitored: " + err.Error())
	}
	return monitor
}

func model(name string) linearizable.Model {
	model, err := linearizable.ModelNamed(name, linearizable.Options{})
	if err != nil {
		panic("the model of this workload is gone: " + err.Error())
	}
	return model
}
