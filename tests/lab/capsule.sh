#!/bin/bash
# Throw-away Docker hosts ("capsules"): an engine in namespaces of its own, on the lab's switch. Runs inside a lab.
#   capsule.sh up ENGINE [OPTION...] [-- DOCKERD ARGUMENT...]    start one and leave it; prints "ready NAME ADDRESS SOCKET"
#   capsule.sh run ENGINE [OPTION...] [-- DOCKERD ARGUMENT...]   the same, and remove it at the end of standard input
#      ENGINE             old, new or containerd
#      --name NAME        default: made of the address
#      --address N        10.77.0.N; default: the next free one from 20 on
#      --data-size SIZE   data root on a tmpfs of that size (full disk)
#      --env NAME=VALUE   a variable for the engine
#      --hosts FILE       its /etc/hosts
#      --trust REGISTRY   a registry (host or host:port) whose certificates the lab's authority signs
#   capsule.sh kill|stop NAME     end the engine by SIGKILL or SIGTERM and keep it down; containers as the engine leaves them
#   capsule.sh start NAME         let it start again
#   capsule.sh freeze|thaw NAME   SIGSTOP, SIGCONT: connections are accepted, nothing answers
#   capsule.sh in NAME COMMAND... run a command inside
#   capsule.sh down NAME          remove it
set -euo pipefail
: "${LAB_DIR:?runs inside a lab}" "${LAB_ENGINE_DIR:?runs inside a lab}"
# shellcheck source=tests/lab/lab.sh
. "$(dirname "$0")/lab.sh"
NETWORK=10.77.0

engine_path() { # where ENGINE's programs are
  case $1 in
    old) echo "$SYSTEM_PATH" ;;
    new | containerd) echo "$LAB_ENGINE_DIR/usr/sbin:$LAB_ENGINE_DIR/usr/bin:$SYSTEM_PATH" ;;
    *) say "no such engine: $1"; return 1 ;;
  esac
}

inside() {
  local first
  first=$(cat "$LAB_DIR/hosts/$1/first")
  shift
  nsenter --target "$first" --mount --uts --ipc --net --pid --root --wd -- "$@"
}

# Takes an address that no other capsule has; mkdir does it in one step.
take_address() {
  local number
  if [ -n "$ADDRESS" ]; then mkdir "$LAB_DIR/addresses/$ADDRESS"; return; fi
  for number in {20..250}; do
    if mkdir "$LAB_DIR/addresses/$number" 2>/dev/null; then ADDRESS=$number; return; fi
  done
  say "all addresses are taken"
  return 1
}

# The first process of a capsule; its arguments are NAME, DIR and the command line of dockerd.
# shellcheck disable=SC2016
FIRST_PROCESS='
  set -e
  dir=$1; shift
  hostname "${dir##*/}"
  ip link set lo up
  mount -t tmpfs -o mode=755 run /run
  mkdir -p /run/lock /run/tmp /etc/docker
  ln -s "$dir/docker.sock" /run/docker.sock
  mount --bind "$dir/etc" /etc/docker # each engine has its own identity there
  if [ -n "$DATA_SIZE" ]; then mount -t tmpfs -o size="$DATA_SIZE" data "$dir/data"; fi
  if [ -e "$dir/hosts" ]; then mount --bind "$dir/hosts" /etc/hosts; fi
  mkdir /run/cgroup # a new sysfs shows the links of this namespace, but no control groups
  mount --rbind /sys/fs/cgroup /run/cgroup
  mount -t sysfs sysfs /sys
  mount --rbind /run/cgroup /sys/fs/cgroup
  until [ -e "$dir/wired" ]; do sleep 0.02; done
  exec tini-static -- /bin/sh -c "
    while :; do
      if [ -e \"$dir/down\" ]; then sleep 0.05; continue; fi
      rm -f /run/docker.pid /run/docker/containerd/containerd.pid
      \"\$@\" || echo \"dockerd ended: \$?\"
      sleep 0.05
    done" dockerd "$@"'

# Connects the capsule whose first process is $1 to the switch; its hardware address is fixed, so that
# no neighbour remembers an old one.
wire() {
  ip link add "host$ADDRESS" type veth peer name eth0 address "$(printf 02:77:00:00:00:%02x "$ADDRESS")" netns "$1" &&
    ip link set "host$ADDRESS" master switch up &&
    nsenter --target "$1" --net ip address add "$NETWORK.$ADDRESS/16" dev eth0 &&
    nsenter --target "$1" --net ip link set eth0 up &&
    touch "$DIR/wired"
}

configure() { # what /etc/docker holds
  local registry
  mkdir -p "$DIR"/{data,etc}
  case $ENGINE in
    new) echo '{"features":{"containerd-snapshotter":false}}' ;;
    containerd) echo '{"features":{"containerd-snapshotter":true}}' ;;
    *) echo '{}' ;;
  esac >"$DIR/etc/daemon.json"
  for registry in "${TRUST[@]}"; do
    mkdir -p "$DIR/etc/certs.d/$registry"
    cp "$LAB_PKI/ca.crt" "$DIR/etc/certs.d/$registry/ca.crt"
  done
  if [ -n "$HOSTS" ]; then cp "$HOSTS" "$DIR/hosts"; fi
}

up() {
  ENGINE=$1 NAME='' ADDRESS='' DATA_SIZE='' HOSTS='' TRUST=() VARIABLES=()
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --name) NAME=$2 ;;
      --address) ADDRESS=$2 ;;
      --data-size) DATA_SIZE=$2 ;;
      --env) VARIABLES+=("$2") ;;
      --hosts) HOSTS=$2 ;;
      --trust) TRUST+=("$2") ;;
      --) shift; break ;;
      *) say "capsule.sh: no such option: $1"; exit 2 ;;
    esac
    shift 2
  done
  take_address
  NAME=${NAME:-host-$ADDRESS}
  DIR=$LAB_DIR/hosts/$NAME
  mkdir "$DIR"
  echo "$ADDRESS" >"$DIR/address"
  configure
  # A minimum version of the API makes the engine refuse old clients as Docker 29 does.
  if [ "$ENGINE" = containerd ]; then VARIABLES+=(DOCKER_MIN_API_VERSION=1.44); fi
  setsid env -i PATH="$(engine_path "$ENGINE")" TMPDIR=/run/tmp DATA_SIZE="$DATA_SIZE" "${VARIABLES[@]}" \
    unshare --pid --mount --net --uts --ipc --fork --kill-child=KILL --mount-proc --propagation private \
    /bin/sh -c "$FIRST_PROCESS" capsule "$DIR" \
    dockerd --data-root "$DIR/data" --exec-root /run/docker --pidfile /run/docker.pid -H "unix://$DIR/docker.sock" \
    --cgroup-parent="/$LAB_CONTROL_GROUP/$NAME" --exec-opt native.cgroupdriver=cgroupfs \
    --insecure-registry "$NETWORK.0/24" "$@" >"$DIR/log" 2>&1 </dev/null &
  printf '%s %s\n' $! "$(started_at $!)" >"$DIR/holder"
  { await_first_process $! && wire "$(cat "$DIR/first")" && await_engine "$NAME"; } || { down "$NAME"; return 1; }
  echo "ready $NAME $NETWORK.$ADDRESS $DIR/docker.sock"
}

await_first_process() { # until the child of unshare is there, in a network namespace of its own
  local first network tries
  for ((tries = 0; tries < 1000; tries++)); do
    first=$(tr -d ' ' <"/proc/$1/task/$1/children")
    # Before unshare runs, a short-lived helper of this script may be the child: it is gone when it is looked at.
    network=$(readlink "/proc/${first:-none}/ns/net") || network=''
    if [ -n "$network" ] && [ "$network" != "$(readlink /proc/self/ns/net)" ]; then
      echo "$first" >"$DIR/first"
      return
    fi
    sleep 0.01
  done
  return 1
}

await_engine() {
  local dir=$LAB_DIR/hosts/$1 tries
  for ((tries = 0; tries < 1500; tries++)); do
    if [ "$(curl -s -m 2 --unix-socket "$dir/docker.sock" http://engine/_ping)" = OK ]; then return 0; fi
    lab_alive "$dir" || break
    sleep 0.02
  done
  say "the engine of $1 does not start:"$'\n'"$(tail -n 20 "$dir/log")"
  return 1
}

# One SIGKILL to the first process ends everything in the capsule; the control groups stay.
down() {
  local dir=$LAB_DIR/hosts/$1 address
  [ -d "$dir" ] || return 0
  if lab_alive "$dir"; then
    kill -KILL "$(cat "$dir/first" 2>/dev/null || cut -d ' ' -f 1 "$dir/holder")" 2>/dev/null || true
    while lab_alive "$dir"; do sleep 0.01; done
  fi
  remove_control_groups "$LAB_CONTROL_GROUP/$1" || say "control groups of $1 are still in use"
  address=$(cat "$dir/address")
  ip link delete "host$address" 2>/dev/null || true # the kernel would do it a little later
  rm -rf --one-file-system "$dir"
  rmdir "$LAB_DIR/addresses/$address" # at last: whoever takes the address makes a folder and control groups of the same name
}

# shellcheck disable=SC2016
end_engine() { # NAME SIGNAL
  touch "$LAB_DIR/hosts/$1/down"
  inside "$1" /bin/sh -c 'pid=$(cat /run/docker.pid); kill -"$1" "$pid"; while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    # What it has started ends with it, but a little later: until then its ports are taken. Ten seconds at most.
    tries=500; while [ $tries -gt 0 ] && grep -qsxE "docker-proxy|containerd" /proc/[0-9]*/comm; do
      tries=$((tries - 1)); sleep 0.02; done' \
    end "$2"
}

# A thread that waits for a processor still works for a moment after the signal: all of them have to stand.
# shellcheck disable=SC2016
freeze_engine() {
  inside "$1" /bin/sh -c 'pid=$(cat /run/docker.pid); kill -STOP "$pid"
    while grep -hs ^State: /proc/"$pid"/task/*/status | grep -qv "T (stopped)"; do sleep 0.01; done'
}

# shellcheck disable=SC2016
thaw_engine() { inside "$1" /bin/sh -c 'kill -CONT "$(cat /run/docker.pid)"'; }

verb=$1
shift
case $verb in
  up) up "$@" ;;
  run)
    trap '' INT TERM HUP # only the end of the input ends it, so that nothing stays behind
    up "$@"
    cat >/dev/null
    down "$NAME"
    ;;
  kill) end_engine "$1" KILL ;;
  stop) end_engine "$1" TERM ;;
  start)
    rm -f "$LAB_DIR/hosts/$1/down"
    await_engine "$1"
    ;;
  freeze) freeze_engine "$1" ;;
  thaw) thaw_engine "$1" ;;
  in) inside "$@" ;;
  down) down "$1" ;;
  *) sed -n '2,/^set /p' "$0" | grep '^#'; exit 2 ;;
esac
