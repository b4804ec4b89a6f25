# Becomes the NATS server of one node:
#
#   start.sh PROGRAM DATA SETTINGS
#
# The settings are written anew at every start, so that nothing which a disk
# forgot is missed.
set -eu
program=$1 data=$2
printf '%s' "$3" >"$data/nats.conf"
exec "$program" -c "$data/nats.conf"
