# Becomes a RabbitMQ node.
#
#   start.sh DATA CLIENT_PORT PEER_PORT MANAGEMENT_PORT SELF NODES PARTITION_HANDLING QUEUE
#
# Nodes that start for the first time agree, by a lock of RabbitMQ's own, on which
# of NODES goes first and finds no others; those behind join it. Later each
# remembers whom it is with. The cluster is named after the kind of its QUEUEs.
set -eu
data=$1 client_port=$2 peer_port=$3 management_port=$4 self=$5 nodes=$6 handling=$7 queue=$8

# Each file is made whole before it has its name: what is there may be in use.
keep() {
  cat >"$data/$1.new"
  mv -f "$data/$1.new" "$data/$1"
}
{
  cat <<END
listeners.tcp.default = $client_port
management.tcp.port = $management_port
loopback_users = none
cluster_name = $queue
collect_statistics_interval = 1000
net_ticktime = 5
cluster_partition_handling = $handling
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.discovery_retry_limit = 4
cluster_formation.discovery_retry_interval = 300
mnesia_table_loading_retry_timeout = 10000
mnesia_table_loading_retry_limit = 60
log.console = true
log.console.level = info
END
  number=0
  for node in $nodes; do
    number=$((number + 1))
    echo "cluster_formation.classic_config.nodes.$number = rabbit@$node"
  done
} | keep rabbitmq.conf
echo '[{rabbit, [{quorum_tick_interval, 1000}]}].' | keep advanced.config
echo '[rabbitmq_management].' | keep enabled_plugins
if [ ! -s "$data/.erlang.cookie" ]; then
  echo TERTIUM | keep .erlang.cookie
  chmod 400 "$data/.erlang.cookie"
fi

export HOME="$data" RABBITMQ_NODENAME="rabbit@$self" RABBITMQ_DIST_PORT="$peer_port" RABBITMQ_LOGS=- \
  RABBITMQ_MNESIA_BASE="$data/mnesia" RABBITMQ_CONFIG_FILE="$data/rabbitmq.conf" \
  RABBITMQ_ADVANCED_CONFIG_FILE="$data/advanced.config" RABBITMQ_ENABLED_PLUGINS_FILE="$data/enabled_plugins"
exec /usr/lib/rabbitmq/bin/rabbitmq-server
