// Package systems is the registry of the systems under test: one line each.
package systems

import (
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/systems/etcd"
	"github.com/tertium-dev/tertium/systems/ledger"
	"github.com/tertium-dev/tertium/systems/mariadb"
	"github.com/tertium-dev/tertium/systems/mosquitto"
	"github.com/tertium-dev/tertium/systems/nats"
	"github.com/tertium-dev/tertium/systems/postgres"
	"github.com/tertium-dev/tertium/systems/rabbitmq"
	"github.com/tertium-dev/tertium/systems/redis"
	"github.com/tertium-dev/tertium/systems/zookeeper"
)

// All returns the systems, the default one first.
func All() []harness.System {
	return []harness.System{
		ledger.System{},
		redis.System{},
		rabbitmq.System{},
		postgres.System{},
		mariadb.System{},
		nats.System{},
		etcd.System{},
		zookeeper.System{},
		mosquitto.System{},
	}
}

// Find returns the system of that name, or nil.
func Find(name string) harness.System {
	for _, system := range All() {
		if system.Name() == name {
			return system
		}
	}
	return nil
}
