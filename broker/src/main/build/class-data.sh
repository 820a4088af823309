#!/bin/sh
# Runs a freshly built distribution once, so that it has its class data archives (cds/) before its
# first user starts it: class-data.sh DISTRIBUTION. They halve every start; the scripts make them
# later by themselves where this run could not, so its failure does not fail a build.
set -u
distribution=$1
unset TAILRACE_HOME TAILRACE_DATA_DIR TAILRACE_LOG_DIR TAILRACE_BOOTSTRAP TAILRACE_JVM_OPTS
[ "${TAILRACE_CLASS_SHARING:-yes}" = yes ] || exit 0

work=$(mktemp -d)
broker() {
  "$distribution/bin/broker" "$@" --set "data.dir=$work/data" --set listener=127.0.0.1:0 \
    --set http.listener=127.0.0.1:0
}
tailrace() {
  "$distribution/bin/tailrace" --bootstrap "$address" --timeout 60s "$@"
}
clean_up() {
  broker stop >/dev/null 2>&1
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

give_up() {
  printf 'class-data: %s; the first start will make the archives\n' "$1" >&2
  exit 0
}

broker start -d >/dev/null || give_up 'the broker did not start'
read -r address _ <"$work/data/broker.ready"
tailrace topic create warm-up --partitions 2 >/dev/null &&
  printf 'one\ntwo\n' | tailrace produce warm-up >/dev/null &&
  tailrace consume warm-up >/dev/null &&
  tailrace topic delete warm-up >/dev/null || give_up 'the command line failed'
broker stop >/dev/null || give_up 'the broker did not stop'

# Both archives are made in the background.
waited=0
while [ "$waited" -lt 600 ]; do
  set -- "$distribution"/cds/broker-*.jsa "$distribution"/cds/tailrace-*.jsa \
    "$distribution"/cds/*.failed
  made=0
  for file in "$@"; do
    [ ! -e "$file" ] || made=$((made + 1))
  done
  [ "$made" -lt 2 ] || exit 0
  sleep 0.1 2>/dev/null || sleep 1
  waited=$((waited + 1))
done
give_up 'the archives were not made in time'
