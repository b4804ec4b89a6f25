# Becomes the PostgreSQL server of one node:
#
#   start.sh DATA ADDRESS PORT ME FIRST PEERS [SETTING…]
#
# DATA is the node's folder. ME is its name, FIRST the node that is the primary
# when there is no data anywhere, and PEERS are the other nodes, all of which
# serve on the same port; FIRST and PEERS are empty where there is one node.
set -eu
root=$1 data=$1/pg address=$2 port=$3 me=$4 first=$5 peers=$6
shift 6
for bin in /usr/lib/postgresql/*/bin; do
  PATH=$bin:$PATH
done
command -v initdb postgres >/dev/null || {
  echo "there is no initdb or postgres on PATH or in /usr/lib/postgresql" >&2
  exit 127
}
export PGUSER=tertium PGDATABASE=postgres PGSSLMODE=disable PGGSSENCMODE=disable PGCONNECT_TIMEOUT=2

# make makes a database cluster, or takes a copy of the image's. What a kill left
# half made is made again: the name comes last, and all is on disk by then, or a
# loss of power would leave a server that lets nobody in.
make() {
  rm -rf "$data.new"
  if [ -d /var/lib/postgresql/made ]; then
    cp -a /var/lib/postgresql/made "$data.new"
  else
    initdb -D "$data.new" -U tertium -A trust >/dev/null
  fi
  printf 'host %s all all trust\n' all replication >>"$data.new/pg_hba.conf"
  initdb -S -D "$data.new" >/dev/null
  mv "$data.new" "$data"
  sync "$root"
}

# look asks all peers. It sets leader to one that is a primary, and silent to one
# that did not answer.
look() {
  leader='' silent=''
  for peer in $peers; do
    case $(psql -h "$peer" -p "$port" -Atqc 'SELECT pg_is_in_recovery()' 2>/dev/null || true) in
    f) leader=$peer ;;
    t) ;;
    *) silent=$peer ;;
    esac
  done
}

# join makes this node a replica of the leader, with a copy of what that has in
# place of all it had itself.
join() {
  echo "copying from $leader" >&2
  rm -rf "$data.new" "$data.old" &&
    pg_basebackup -D "$data.new" -X stream -c fast -R \
      -d "host=$leader port=$port application_name=$me connect_timeout=3" &&
    touch "$root/joined" && sync "$root/joined" "$root" &&
    { [ ! -e "$data" ] || mv "$data" "$data.old"; } &&
    mv "$data.new" "$data" && sync "$root" && rm -rf "$data.old"
}

# follow joins as soon as there is a leader.
follow() {
  until [ -n "$leader" ] && join; do
    sleep 0.3
    look
  done
}

leader='' silent=''
if [ ! -s "$data/PG_VERSION" ]; then
  if [ -z "$peers" ] || { [ "$me" = "$first" ] && [ ! -e "$root/joined" ]; }; then
    make
  else
    follow
  fi
elif [ -n "$peers" ] && [ -e "$data/standby.signal" ]; then
  # A replica goes on as such, of the same primary unless there is another.
  look
  if [ -n "$leader" ] && ! grep -q "host=$leader " "$data/postgresql.auto.conf"; then
    follow
  fi
elif [ -n "$peers" ]; then
  # It was a primary. If another has been promoted meanwhile, it is one no more;
  # if nobody says so for a while, it is still.
  tries=0
  look
  while [ -z "$leader" ] && [ -n "$silent" ] && [ $tries -lt 10 ]; do
    tries=$((tries + 1))
    sleep 0.5
    look
  done
  if [ -n "$leader" ]; then
    follow
  fi
fi
exec postgres -D "$data" -p "$port" -c listen_addresses="$address" -c unix_socket_directories= "$@"
