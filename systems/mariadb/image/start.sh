# start.sh DATA ADDRESS PORT NODE PEER NODES SETTING...
#
# Makes a database in DATA if there is none, and runs its server on ADDRESS and
# PORT, as NODE of the NODES ("n1 n2 n3", or one alone), which reach each other on
# port PEER, with these settings.
#
# start.sh install DATA
#
# Makes a database that nodes begin with. If all of a cluster begin with the same,
# none has to send all of it to another.
set -eu
PATH=$PATH:/usr/sbin:/usr/local/sbin
template=/usr/share/tertium
galera=/usr/lib/galera/libgalera_smm.so
command -v mariadbd mariadb-install-db >/dev/null || {
  echo "there is no mariadbd or mariadb-install-db on PATH or in /usr/sbin" >&2
  exit 127
}

schema() {
  cat <<'SQL'
CREATE DATABASE tertium;
USE tertium;
CREATE TABLE registers (name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, value BIGINT NOT NULL) ENGINE=InnoDB;
CREATE TABLE accounts (name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, balance BIGINT NOT NULL) ENGINE=InnoDB;
CREATE TABLE counters (name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, value BIGINT NOT NULL) ENGINE=InnoDB;
CREATE TABLE lists (name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, elements LONGTEXT CHARACTER SET ascii NOT NULL) ENGINE=InnoDB;
CREATE TABLE sets (name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin, element BIGINT, PRIMARY KEY (name, element)) ENGINE=InnoDB;
DELETE FROM mysql.global_priv WHERE User = '';
INSERT INTO mysql.global_priv VALUES ('%', 'tertium', '{"access":18446744073709551615,"plugin":"mysql_native_password","authentication_string":""}');
SQL
}

# A small log is copied and recovered faster.
log=--innodb-log-file-size=48M

# fill makes a database in the folder $1.
fill() {
  mariadb-install-db --no-defaults --datadir="$1" --skip-test-db --skip-name-resolve $log \
    --auth-root-authentication-method=normal >/dev/null
  schema | mariadbd --no-defaults --datadir="$1" $log --bootstrap --log-warnings=0
}

# mark has the database in $1 begin the history of a cluster.
mark() {
  mariadbd --no-defaults --datadir="$1" $log --skip-networking --socket=server.sock --pid-file=server.pid \
    --wsrep-on=ON --wsrep-provider=$galera --wsrep-cluster-name=tertium --wsrep-new-cluster --binlog-format=ROW \
    --wsrep-cluster-address=gcomm:// --wsrep-provider-options="gmcast.listen_addr=tcp://127.0.0.1:4567;pc.recovery=no" &
  until [ -S "$1/server.sock" ] && mariadb-admin --no-defaults --socket="$1/server.sock" --user=tertium shutdown; do
    kill -0 $!
    sleep 0.2
  done
  wait $!
  rm -f "$1/galera.cache" "$1/server.sock" "$1"/ib_buffer_pool
}

if [ "$1" = install ]; then
  fill "$2"
  mark "$2"
  exit
fi

data=$1/mariadb address=$2 port=$3 self=$4 peer=$5 nodes=$6
shift 6

# install makes the database of this node. What a kill left half made is made
# again: the name comes last.
install() {
  rm -rf "$data" "$data.new"
  if [ -d $template ]; then
    cp -a $template "$data.new"
  else
    fill "$data.new"
  fi
  sync -f "$data.new"
  mv "$data.new" "$data"
}

# Each setting of ours may be overruled by one that follows.
set -- --datadir="$data" --bind-address="$address" --port="$port" --socket=server.sock --pid-file=server.pid \
  --skip-name-resolve $log --innodb-lock-wait-timeout=1 --max-connections=500 --character-set-server=utf8mb4 "$@"

if [ "$self" = "$nodes" ]; then
  [ -d "$data/mysql" ] || install
  exec mariadbd --no-defaults "$@"
fi

# A node of a cluster says to those who ask what it does: that it waits, with the
# number of its last transaction; that it starts; or in what kind of component its
# server is. It joins a primary component if any node is in one. If none is, and
# every node waits, the one with the last transaction begins a new one, and of
# several such the first in the list. A server that is left without a primary
# component while others wait begins a new one if all do and none has more than it;
# otherwise it is ended, so that its node waits too.
voice=4570 state=$data.state child='' asked=''

say() { echo "$*" >"$state.new" && mv "$state.new" "$state"; }
tell() { echo "node $self: $*" >&2; }
ask() { socat -u "TCP:$1:$voice,connect-timeout=1" - 2>/dev/null || true; }
answer() { socat -U "TCP-LISTEN:$voice,reuseaddr,fork" "OPEN:$state,rdonly" 2>/dev/null & }

finish() {
  asked=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
}
trap finish TERM INT

ip=$(hostname -i | cut -d' ' -f1)
gcomm=
for node in $nodes; do
  gcomm=$gcomm${gcomm:+,}$node:$peer
done
provider="gmcast.listen_addr=tcp://0.0.0.0:$peer;gmcast.peer_timeout=PT3S;gcache.size=64M;pc.recovery=no\
;pc.wait_prim_timeout=PT10S;evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.5S\
;evs.suspect_timeout=PT3S;evs.inactive_timeout=PT6S;evs.install_timeout=PT5S"
set -- --wsrep-on=ON --wsrep-provider=$galera --wsrep-cluster-name=tertium \
  --wsrep-cluster-address="gcomm://$gcomm" --wsrep-node-name="$self" --wsrep-node-address="$ip" --wsrep-sst-method=rsync \
  --wsrep-provider-options="$provider" --binlog-format=ROW --innodb-autoinc-lock-mode=2 "$@"

# last prints the place of the last transaction that the data have, "uuid:number";
# the number is -1 if it is not known.
last() {
  mariadbd --no-defaults "$@" --wsrep-recover --disable-log-error >"$data.recovery" 2>&1 || cat "$data.recovery" >&2
  found=$(sed -n 's/.*Recovered position: *\([0-9a-f-]*:-\{0,1\}[0-9]*\).*/\1/p' "$data.recovery" | tail -n 1)
  echo "${found:-00000000-0000-0000-0000-000000000000:-1}"
}

# decide waits until it is known where this node, whose last transaction has
# number $1, belongs, and sets place to new or to join.
decide() {
  while [ -z "$asked" ]; do
    waiting=0 all=0 best='' most=-2 place=''
    for node in $nodes; do
      all=$((all + 1))
      if [ "$node" = "$self" ]; then
        says="waiting $1"
      else
        says=$(ask "$node")
      fi
      case $says in
      "waiting "*)
        waiting=$((waiting + 1))
        if [ "${says#waiting }" -gt "$most" ]; then
          best=$node most=${says#waiting }
        fi
        ;;
      primary) place=join ;;
      esac
    done
    if [ -z "$place" ] && [ "$waiting" = "$all" ] && [ "$best" = "$self" ]; then
      place=new
    fi
    [ -z "$place" ] || return 0
    sleep 0.2
  done
}

# sql does a statement on the server of this node.
sql() {
  mariadb --no-defaults --socket="$data/server.sock" --user=tertium --connect-timeout=2 -Nse "$1" 2>/dev/null
}

# watch follows the server until it ends.
watch() {
  alone=0
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.5
    status=$(sql "SHOW STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_last_committed')" | cut -f2) || true
    case $status in
    *non-Primary* | *isconnected*) say alone ;;
    *Primary*)
      say primary
      alone=0
      continue
      ;;
    *)
      say starting
      continue
      ;;
    esac
    waiting=0 most=-1 others=0
    for node in $nodes; do
      [ "$node" != "$self" ] || continue
      others=$((others + 1)) says=$(ask "$node")
      case $says in
      "waiting "*)
        waiting=$((waiting + 1))
        [ "${says#waiting }" -le "$most" ] || most=${says#waiting }
        ;;
      esac
    done
    [ "$waiting" = 0 ] && alone=0 || alone=$((alone + 1))
    committed=$(echo "$status" | grep -x '[0-9]*') || true
    if [ "$alone" -ge 2 ] && [ "$waiting" = "$others" ] && [ "${committed:--2}" -ge "$most" ]; then
      tell "all others wait, and none has more than this node: it begins a new component"
      sql "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'" || true
      alone=0
    elif [ "$alone" -ge 4 ]; then
      tell "others wait, and there is no primary component: the server is ended"
      kill -KILL "$child" 2>/dev/null || true
    fi
  done
}

while [ -z "$asked" ]; do
  say starting
  # Nothing is left of a server before, nor of what it had started.
  [ $$ != 1 ] || kill -KILL -1 2>/dev/null || true
  answer
  if [ -e "$data/sst_in_progress" ]; then
    tell "the data are half of a transfer, and thrown away"
    install
  fi
  [ -d "$data/mysql" ] || install
  from=$(last "$@")
  number=${from##*:}
  say "waiting $number"
  tell "the last transaction is $from"
  decide "$number"
  [ -z "$asked" ] || break
  say starting
  tell "chosen: $place"
  if [ "$place" = new ]; then
    sed -i 's/^safe_to_bootstrap: .*/safe_to_bootstrap: 1/' "$data/grastate.dat"
    set -- --wsrep-new-cluster "$@"
  fi
  mariadbd --no-defaults "$@" --wsrep-start-position="$from" &
  child=$!
  if [ "$place" = new ]; then
    shift
  fi
  watch
  code=0
  wait "$child" || code=$?
  child=
  [ -n "$asked" ] || tell "the server ended with code $code"
done
exit "${code:-0}"
