# Runs one of several Redis servers, and a Sentinel beside it if it is given a
# port. If either ends, so does this, and with it the container.
#
#   start.sh DATA PORT SENTINEL_PORT SELF NODES DOWN_AFTER_MS [SETTING...]
#
# The first of NODES is the primary at first. A node that has run before asks the
# Sentinels, its own by the file that it kept, who is primary now, and takes the
# word of the latest epoch.
set -eu
data=$1 port=$2 sentinel_port=$3 self=$4 down_after=$6
read -ra nodes <<<"$5"
shift 6

# address prints the address of a node. All have theirs before any of them starts.
address() {
  local found
  until found=$(getent ahostsv4 "$1") && [ -n "$found" ]; do sleep 0.2; done
  echo "${found%% *}"
}

me=$(address "$self")
primary=$(address "${nodes[0]}")
conf=$data/sentinel.conf

if [ -n "$sentinel_port" ] && [ -s "$conf" ]; then
  primary=$(awk '$1 == "sentinel" && $2 == "monitor" { print $4 }' "$conf")
  epoch=$(awk '$1 == "sentinel" && $2 == "config-epoch" { print $4 }' "$conf")
  for node in "${nodes[@]}"; do
    [ "$node" != "$self" ] || continue
    # Answered with names and values in turn, each on a line.
    said=$(timeout 1 redis-cli -h "$(address "$node")" -p "$sentinel_port" SENTINEL MASTER tertium 2>/dev/null |
      awk 'NR % 2 { name = $0; next } { is[name] = $0 } END { print is["config-epoch"], is["ip"] }') || continue
    read -r its_epoch its_primary <<<"$said" || continue
    if [ -n "$its_primary" ] && [ "$its_epoch" -gt "${epoch:-0}" ]; then
      epoch=$its_epoch primary=$its_primary
    fi
  done
  echo "start.sh: $self is $me; the primary of epoch ${epoch:-0} is $primary"
fi

role=()
[ "$primary" = "$me" ] || role=(--replicaof "$primary" "$port")
redis-server --bind 0.0.0.0 --port "$port" --dir "$data" --protected-mode no --save "" \
  --replica-announce-ip "$me" --replica-announce-port "$port" --repl-diskless-sync-delay 0 \
  "${role[@]}" "$@" &
children=($!)

if [ -n "$sentinel_port" ]; then
  if [ ! -s "$conf" ]; then
    # What a kill left half made is made again: the name comes last.
    cat >"$conf.new" <<END
port $sentinel_port
dir $data
protected-mode no
sentinel announce-ip $me
sentinel announce-port $sentinel_port
sentinel monitor tertium $primary $port $((${#nodes[@]} / 2 + 1))
sentinel down-after-milliseconds tertium $down_after
sentinel failover-timeout tertium $((5 * down_after))
sentinel parallel-syncs tertium ${#nodes[@]}
END
    mv "$conf.new" "$conf"
  fi
  redis-server "$conf" --sentinel &
  children+=($!)
fi

trap : TERM INT # the wait ends, and then they are told
code=0
wait -n "${children[@]}" || code=$?
kill -TERM "${children[@]}" 2>/dev/null || :
wait "${children[@]}" || :
exit "$code"
