# Makes a database cluster in $1 if there is none, and becomes its server on
# address $2 and port $3, with the settings that follow.
set -eu
data=$1/pg address=$2 port=$3
shift 3
for bin in /usr/lib/postgresql/*/bin; do
  PATH=$bin:$PATH
done
command -v initdb postgres >/dev/null || {
  echo "there is no initdb or postgres on PATH or in /usr/lib/postgresql" >&2
  exit 127
}
if [ ! -s "$data/PG_VERSION" ]; then
  # What a kill left half made is made again: the name comes last.
  rm -rf "$data.new"
  initdb -D "$data.new" -U tertium -A trust >/dev/null
  echo "host all all all trust" >>"$data.new/pg_hba.conf"
  mv "$data.new" "$data"
fi
set -- "$@" -c listen_addresses="$address" -c unix_socket_directories=
exec postgres -D "$data" -p "$port" "$@"
