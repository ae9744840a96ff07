# What the demos share; sourced with PROGRAM set, inside a lab.
export DOCKER_HOST=unix://$LAB_HOST_NEW DOCKER_AUTO_DATA=$TMPDIR/data DOCKER_AUTO_HEALTH_STABLE=3s
docker() { "$LAB_CLIENT" --config "$LAB_CLIENT_CONFIG" "$@"; }
# Bold on a terminal alone.
if [ -t 1 ]; then BOLD=$'\033[1m' PLAIN=$'\033[0m'; else BOLD='' PLAIN=''; fi
say() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
shown() {
  printf '$ docker-auto %s\n' "$*"
  local code=0
  "$PROGRAM" "$@" || code=$?
  [ "$code" = 0 ] || echo "(exit code $code)"
}
