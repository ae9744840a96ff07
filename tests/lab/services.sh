#!/bin/bash
# services.sh LAB_DIR ENGINE_DIR: starts the lab's registries and its three shared engines, and writes LAB_DIR/variables.
set -euo pipefail
export LAB_DIR=$1 LAB_ENGINE_DIR=$2 LAB_PKI=$1/pki
export LAB_CONTROL_GROUP=docker-auto-lab-${LAB_DIR##*.}
export TMPDIR=$LAB_DIR/tmp
HERE=$(cd "$(dirname "$0")" && pwd)
GATE=10.77.0.1 # the lab's own address on the switch

background() { # NAME COMMAND...
  local name=$1
  shift
  setsid "$@" >"$LAB_DIR/registries/$name.log" 2>&1 </dev/null &
}

await_http() { # URL: until it answers anything at all
  local tries
  for ((tries = 0; tries < 1000; tries++)); do
    if curl -sk -m 2 -o /dev/null "$1"; then return 0; fi
    sleep 0.01
  done
  echo "lab: $1 does not answer" >&2
  tail -n 5 "$LAB_DIR"/registries/*.log >&2
  return 1
}

registries() {
  background plain "$HERE/registry.sh" plain $GATE:5000 plain
  background basic "$HERE/registry.sh" basic $GATE:5001 basic
  background tokend /usr/bin/python3 "$HERE/tokend.py" $GATE 5003
  background token "$HERE/registry.sh" token $GATE:5002 token http://$GATE:5003/token
  background tls "$HERE/registry.sh" tls $GATE:5004 tls
  for port in 5000 5001 5002; do await_http http://$GATE:$port/v2/; done
  await_http "http://$GATE:5003/token?service=registry.test"
  await_http https://$GATE:5004/v2/
}

# Says which engine one got, and refuses one that lacks what the tests need of it.
expect_engine() { # NAME DESCRIPTION JQ-CONDITION on {version, info}
  local socket=$LAB_DIR/hosts/$1/docker.sock facts
  facts=$(for path in version info; do curl -s -m 10 --unix-socket "$socket" "http://engine/$path"; done |
    jq -s '{version: .[0], info: .[1], api: (.[0].ApiVersion | split(".") | map(tonumber))}')
  jq -r --arg name "$1" '"lab: \($name): Docker \(.version.Version), API \(.version.ApiVersion), \(.info.Driver)"' <<<"$facts" >&2
  jq -e "$3" <<<"$facts" >/dev/null || { echo "lab: engine $1 must be one with $2" >&2; return 1; }
}

case $# in 2) ;; *) sed -n 2p "$0" >&2; exit 2 ;; esac
"$HERE/pki.sh" "$LAB_PKI"
registries &
jobs=($!)
address=11
for engine in old new containerd; do
  "$HERE/capsule.sh" up $engine --name $engine --address $address >/dev/null &
  jobs+=($!)
  address=$((address + 1))
done
for job in "${jobs[@]}"; do wait "$job"; done
expect_engine old "an API older than 1.44" '.api < [1, 44]'
expect_engine new "API 1.44 or newer and graph drivers" \
  '.api >= [1, 44] and (.info.DriverStatus | map(.[0]) | index("driver-type") | not)'
expect_engine containerd "the containerd store" \
  '.info.DriverStatus | map(.[1]) | index("io.containerd.snapshotter.v1") != null'

# The command line client with its plugins, for tests that need docker compose or buildx.
mkdir -p "$LAB_DIR/client/cli-plugins"
ln -s "$LAB_ENGINE_DIR"/usr/libexec/docker/cli-plugins/* "$LAB_DIR/client/cli-plugins/"
cat >"$LAB_DIR/variables.new" <<VARIABLES
LAB_DIR=$LAB_DIR
LAB_ENGINE_DIR=$LAB_ENGINE_DIR
LAB_CONTROL_GROUP=$LAB_CONTROL_GROUP
LAB_ADDRESS=$GATE
LAB_HOST_OLD=$LAB_DIR/hosts/old/docker.sock
LAB_HOST_NEW=$LAB_DIR/hosts/new/docker.sock
LAB_HOST_CONTAINERD=$LAB_DIR/hosts/containerd/docker.sock
LAB_REGISTRY=$GATE:5000
LAB_REGISTRY_BASIC=$GATE:5001
LAB_REGISTRY_TOKEN=$GATE:5002
LAB_REGISTRY_TLS=$GATE:5004
LAB_PKI=$LAB_PKI
LAB_CLIENT=$LAB_ENGINE_DIR/usr/bin/docker
LAB_CLIENT_CONFIG=$LAB_DIR/client
LAB_COMPOSE=$LAB_ENGINE_DIR/usr/libexec/docker/cli-plugins/docker-compose
LAB_COMPOSE_OLDER=$LAB_ENGINE_DIR/stable/usr/libexec/docker/cli-plugins/docker-compose
TMPDIR=$LAB_DIR/tmp
VARIABLES
mv "$LAB_DIR/variables.new" "$LAB_DIR/variables"
