# shellcheck shell=bash
# The life of a lab: namespaces of its own, a tmpfs, and everything that has to be gone afterwards. Sourced, not run.
#
# A lab is a folder /tmp/docker-auto-lab.XXXXXX and one process tree. The tree has its own pid, mount and network
# namespace, so ending its first process ends every engine, container, registry, mount and link in it. What the
# kernel does not take along (control groups and the folder) lab_down removes.

# The scripts use Debian's own tools, whatever else comes first on the caller's PATH.
SYSTEM_PATH=/usr/sbin:/usr/bin:/sbin:/bin
SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_PREFIX=/tmp/docker-auto-lab. # short: the path of a unix socket has 107 characters at most

say() { printf '%s\n' "lab: $*" >&2; }

# Prints when the running process PID started, in clock ticks; together they name a process for ever.
started_at() {
  local fields
  fields=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -r -a fields <<<"${fields##*) }"
  [ "${fields[0]}" != Z ] && printf '%s\n' "${fields[19]}"
}

# Is the process that DIR/holder names still the one that this lab started?
lab_alive() {
  local pid start
  { read -r pid start <"$1/holder"; } 2>/dev/null || return 1
  [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

# Prints the pid of the lab's first process as seen from outside.
lab_first_process() {
  local pid start
  read -r pid start <"$1/holder"
  tr -d ' ' <"/proc/$pid/task/$pid/children"
}

# Prints the folders of the running labs that were started from this checkout to be kept.
lab_list() {
  local dir
  for dir in "$LAB_PREFIX"*/; do
    dir=${dir%/}
    if [ -O "$dir" ] && [ ! -L "$dir" ] && [ "$(cat "$dir/checkout" 2>/dev/null)" = "$SCRIPTS" ] && lab_alive "$dir"; then
      printf '%s\n' "$dir"
    fi
  done
}

# Starts an empty lab and sets LAB_DIR. One that is tied dies with the calling shell, however that ends.
lab_create() { # tied|free
  local tie=()
  LAB_DIR=$(mktemp -d "${LAB_PREFIX}XXXXXX")
  if [ "$1" = tied ]; then
    tie=(setpriv --pdeathsig KILL)
  else
    echo "$SCRIPTS" >"$LAB_DIR/checkout"
  fi
  mkfifo "$LAB_DIR/ready"
  PATH=$SYSTEM_PATH "${tie[@]}" setsid unshare --pid --mount --net --fork --kill-child=KILL --mount-proc \
    --propagation private /bin/bash "$SCRIPTS/hold.sh" "$LAB_DIR" >"$LAB_DIR/log" 2>&1 </dev/null &
  local holder=$! word=''
  disown
  # In one step: a lab whose holder file says nothing looks dead to lab_sweep.
  printf '%s %s\n' "$holder" "$(started_at "$holder")" >"$LAB_DIR/holder.new"
  mv "$LAB_DIR/holder.new" "$LAB_DIR/holder"
  # Opened for both directions, so that a holder that died early does not block us.
  read -r -t 20 word <>"$LAB_DIR/ready" || true
  if [ "$word" != ready ]; then
    say "the namespaces cannot be made: $(cat "$LAB_DIR/log")"
    lab_down "$LAB_DIR"
    return 1
  fi
}

# lab_inside DIR COMMAND... runs a command in the lab's namespaces, in the caller's working directory.
lab_inside() {
  local dir=$1 first
  shift
  first=$(lab_first_process "$dir")
  # Setting the mount namespace forgets the working directory; proxies of the outer world are of no use inside;
  # a command in the background would ignore the signals of the terminal, and all its children with it.
  # shellcheck disable=SC2016
  nsenter --target "$first" --mount --net --pid -- /usr/bin/env --default-signal=INT,QUIT \
    -u http_proxy -u https_proxy -u all_proxy -u no_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u NO_PROXY \
    /bin/bash -c 'cd "$1" && shift && exec "$@"' lab "$PWD" "$@"
}

# lab_enter DIR COMMAND... does the same with the LAB_* variables set.
lab_enter() {
  local dir=$1
  shift
  # shellcheck disable=SC2016
  lab_inside "$dir" /bin/bash -c 'set -a && . "$1/variables" && set +a && shift && exec "$@"' lab "$dir" "$@"
}

# Ends a lab and removes all of it.
lab_down() {
  local dir=$1 first tries
  if lab_alive "$dir"; then
    # The first process ends when all others of the lab are gone; the holder waits for it.
    first=$(lab_first_process "$dir")
    kill -KILL "${first:-$(cut -d ' ' -f 1 "$dir/holder")}" 2>/dev/null || true
    for ((tries = 0; tries < 12000; tries++)); do
      lab_alive "$dir" || break
      sleep 0.01
    done
  fi
  remove_control_groups "docker-auto-lab-${dir#"$LAB_PREFIX"}" || say "control groups of $dir are still in use"
  rm -rf --one-file-system "$dir"
}

# Removes the control groups called NAME of every hierarchy, waiting for their last processes to be reaped.
remove_control_groups() {
  local group tries left
  for ((tries = 0; tries < 500; tries++)); do
    left=
    for group in "/sys/fs/cgroup/$1" /sys/fs/cgroup/*/"$1"; do
      [ -d "$group" ] || continue
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
      if [ -d "$group" ]; then left=yes; fi
    done
    [ -n "$left" ] || return 0
    sleep 0.01
  done
  return 1
}

# Removes what labs left behind whose processes were killed.
lab_sweep() {
  local dir
  for dir in "$LAB_PREFIX"*/; do
    dir=${dir%/}
    if [ -d "$dir" ] && [ -O "$dir" ] && [ ! -L "$dir" ] && ! lab_alive "$dir"; then
      # One that is just being made has no holder yet.
      if [ ! -e "$dir/holder" ] && [ -n "$(find "$dir" -maxdepth 0 -mmin -1)" ]; then continue; fi
      say "removing what is left of $dir"
      lab_down "$dir"
    fi
  done
}

# Prints the namespaces of a running lab, for lab_leftovers.
lab_namespaces() {
  local first
  first=$(lab_first_process "$1")
  readlink "/proc/$first/ns/pid" "/proc/$first/ns/net" "/proc/$first/ns/mnt"
}

# lab_leftovers DIR NAMESPACES prints what is still there of a lab that was taken down; fails if there is anything.
lab_leftovers() {
  local dir=$1 namespaces=$2 found='' entry name
  name=docker-auto-lab-${dir#"$LAB_PREFIX"}
  if [ -e "$dir" ]; then found+="  folder $dir"$'\n'; fi
  for entry in "/sys/fs/cgroup/$name" /sys/fs/cgroup/*/"$name"; do
    if [ -e "$entry" ]; then found+="  control group $entry"$'\n'; fi
  done
  if grep -qF "$dir" /proc/self/mountinfo; then found+="  mount: $(grep -F "$dir" /proc/self/mountinfo)"$'\n'; fi
  while read -r entry; do
    found+="  process $entry $(tr '\0' ' ' 2>/dev/null <"/proc/$entry/cmdline")"$'\n'
  done < <(find /proc/[0-9]*/ns -maxdepth 1 -type l -printf '%l %p\n' 2>/dev/null |
    grep -F "${namespaces:-no namespace}" | cut -d / -f 3 | sort -u)
  [ -z "$found" ] || { say "left behind:"$'\n'"$found"; return 1; }
}

# The lab that up, down and enter mean: LAB_DIR, or the only one there is.
lab_choose() {
  [ -z "${LAB_DIR:-}" ] || return 0
  local labs
  labs=$(lab_list)
  case $(grep -c . <<<"$labs") in
    1) LAB_DIR=$labs ;;
    0) say "no lab is up: start one with tests/lab/up"; return 1 ;;
    *) say "several labs are up, name one with LAB_DIR=:"$'\n'"$labs"; return 1 ;;
  esac
}
