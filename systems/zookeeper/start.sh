# Becomes a ZooKeeper server that keeps its data in $1, as number $2 of the
# ensemble, on client port $3 of all addresses. The servers of the ensemble follow,
# each as "number=host:port:port"; none of a server that stands alone.
set -eu
data=$1 number=$2 port=$3
shift 3
mkdir -p "$data/zookeeper"
cd "$data/zookeeper"
{
  echo "tickTime=500"
  echo "initLimit=20"
  echo "syncLimit=6"
  echo "dataDir=$data/zookeeper"
  echo "clientPort=$port"
  echo "maxClientCnxns=0"
  echo "admin.enableServer=false"
  echo "autopurge.purgeInterval=0"
  for server; do
    echo "server.$server"
  done
} >zoo.cfg
echo "$number" >myid
cat >log4j.properties <<'LOG'
log4j.rootLogger=INFO, OUT
log4j.appender.OUT=org.apache.log4j.ConsoleAppender
log4j.appender.OUT.layout=org.apache.log4j.PatternLayout
log4j.appender.OUT.layout.ConversionPattern=%d [%t] %-5p %c{1}: %m%n
LOG
exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dzookeeper.jmx.log4j.disable=true \
  -cp "$data/zookeeper:/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-log4j12.jar:/usr/share/java/log4j-1.2.jar" \
  org.apache.zookeeper.server.quorum.QuorumPeerMain "$data/zookeeper/zoo.cfg"
