# Becomes an MQTT broker on address $1 and port $2 that keeps its data in $3, with
# the sessions of the queues $5, $6 and so on, each subscribed with quality $4. Its
# configuration is on standard input's place: the words after "--", one a line.
set -eu
address=$1 port=$2 data=$3 quality=$4
shift 4
queues=
while [ "$1" != -- ]; do
  queues="$queues $1"
  shift
done
shift
PATH=$PATH:/usr/sbin
mkdir -p "$data/mosquitto"
{
  echo "listener $port $address"
  echo "persistence_location $data/mosquitto/"
  for line; do
    echo "$line"
  done
} >"$data/mosquitto.conf"

mosquitto -c "$data/mosquitto.conf" &
broker=$!
trap 'kill -TERM $broker; wait $broker; exit 0' TERM INT
[ "$address" != 0.0.0.0 ] || address=127.0.0.1
# A session that is there already only has its subscription renewed.
for queue in $queues; do
  until mosquitto_sub -h "$address" -p "$port" -i "tertium-$queue" -c -q "$quality" -t "queue/$queue" -E 2>/dev/null; do
    kill -0 $broker || exit 1
    sleep 0.05
  done
done
# Whoever sees it knows that nothing is published to where nobody listens.
mosquitto_pub -h "$address" -p "$port" -q 1 -r -t tertium/ready -m ready
wait $broker
