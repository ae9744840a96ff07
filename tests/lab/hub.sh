#!/bin/bash
# hub.sh: a private Docker Hub and GHCR with TLS and tokens on port 443, removed at the end of standard input. They have
# their real names for those alone who have its hosts file: see view.sh and `capsule.sh --hosts`.
# Prints "ready FOLDER": there are the file hosts, and the logs hub.log, ghcr.log and tokens.log with a line of JSON for
# each request. Everybody may pull library/* and public/*; alice (s3cret) may do everything.
set -euo pipefail
: "${LAB_DIR:?runs inside a lab}" "${LAB_PKI:?runs inside a lab}"
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lab/lab.sh
. "$HERE/lab.sh"
trap '' INT TERM HUP # only the end of the input ends it, so that nothing stays behind
PIDS=() ADDRESSES=()

# Takes a network that no other one has; mkdir does it in one step. It is none of those whose registries engines take
# for insecure, so that certificates count.
take_network() {
  local number
  for number in {1..250}; do
    if mkdir "$LAB_DIR/addresses/hub-$number" 2>/dev/null; then NUMBER=$number; return; fi
  done
  say "all networks are taken"
  return 1
}

start() { # LOG ADDRESS COMMAND...
  local log=$1
  ip address add "$2/32" dev switch
  ADDRESSES+=("$2")
  shift 2
  "$@" >"$DIR/$log.log" 2>&1 </dev/null &
  PIDS+=($!)
}

await_all() {
  local address tries
  for address in "${ADDRESSES[@]}"; do
    for ((tries = 0; tries < 1000; tries++)); do
      if curl -sk -m 2 -o /dev/null "https://$address/v2/"; then continue 2; fi
      sleep 0.01
    done
    say "$address does not answer: $(tail -n 5 "$DIR"/*.log)"
    return 1
  done
}

finish() {
  local address
  exec 2>/dev/null # where the shell would tell of each end
  kill -KILL "${PIDS[@]}" && wait
  for address in "${ADDRESSES[@]}"; do ip address delete "$address/32" dev switch || true; done
  rm -rf --one-file-system "$DIR" "$LAB_DIR/registries/"{hub,ghcr}-"$NUMBER"
  rmdir "$LAB_DIR/addresses/hub-$NUMBER"
}

take_network
NETWORK=10.77.$NUMBER DIR=$LAB_DIR/registries/names-$NUMBER
mkdir "$DIR"
trap finish EXIT
cat >"$DIR/hosts" <<HOSTS
127.0.0.1 localhost
$NETWORK.1 registry-1.docker.io index.docker.io docker.io
$NETWORK.2 ghcr.io
$NETWORK.3 auth.docker.io
HOSTS
REALM=https://auth.docker.io/token
start hub "$NETWORK.1" "$HERE/registry.sh" "hub-$NUMBER" "$NETWORK.1:443" tls-token $REALM registry.docker.io
start ghcr "$NETWORK.2" "$HERE/registry.sh" "ghcr-$NUMBER" "$NETWORK.2:443" tls-token $REALM ghcr.io
start tokens "$NETWORK.3" /usr/bin/python3 "$HERE/tokend.py" "$NETWORK.3" 443 tls
await_all
echo "ready $DIR"
cat >/dev/null
