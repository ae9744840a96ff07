#!/bin/bash
# get-engines.sh FOLDER: unpacks Debian's newest Docker engine into FOLDER, once; the system stays as it is. Below
# FOLDER/stable comes the Docker Compose of the stable suite, which is an older one.
set -euo pipefail
DEST=${1:?a folder}
PACKAGES=(docker.io docker-cli containerd runc docker-compose docker-buildx libc6 libseccomp2)
WORK=$DEST.work

mkdir -p "$(dirname "$DEST")"
exec 9>"$DEST.lock"
flock 9
# runc is told its libraries by absolute path, so a folder that was moved is of no use.
COMPOSE=$DEST/stable/usr/libexec/docker/cli-plugins/docker-compose
if [ "$(cat "$DEST/complete" 2>/dev/null)" = "$DEST" ] && [ -x "$COMPOSE" ]; then exit 0; fi
rm -rf --one-file-system "$DEST" "$WORK"
mkdir -p "$DEST" "$WORK"/{lists/partial,cache/archives/partial,debs,empty}
trap 'rm -rf --one-file-system "$WORK"' EXIT
touch "$WORK/status"

# The Debian mirror that this system already uses.
MIRROR=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ') || true
[ -n "$MIRROR" ] || { echo "lab: no Debian mirror found in the apt sources" >&2; exit 1; }

cat >"$WORK/apt.conf" <<CONF
Dir::State::Lists "$WORK/lists";
Dir::State::status "$WORK/status";
Dir::Cache "$WORK/cache";
Dir::Etc::sourcelist "$WORK/sources.list";
Dir::Etc::sourceparts "$WORK/empty";
Dir::Etc::preferences "$WORK/empty/none";
Dir::Etc::preferencesparts "$WORK/empty";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$WORK/apt.conf

# Prints nothing; succeeds when SUITE had every package.
fetch() {
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $MIRROR $1 main" >"$WORK/sources.list"
  apt-get -qq update && (cd "$WORK/debs" && apt-get -qq download "${PACKAGES[@]}")
}

# The suites that move on, the steadier one first: an engine may be missing there for a while.
echo "lab: fetching Debian's newest engine into $DEST" >&2
fetch testing || fetch unstable

for package in "$WORK"/debs/*.deb; do dpkg -x "$package" "$DEST"; done
rm -f "$WORK"/debs/*.deb
PACKAGES=(docker-compose)
fetch stable
dpkg -x "$WORK"/debs/docker-compose_*.deb "$DEST/stable"
rm -rf "${DEST:?}/usr/share" "$DEST/usr/bin/tini" "$DEST/usr/bin/docker-init"
# Everything but runc runs on an older libc; runc executes itself again, so a wrapper would not do.
RUNC=$DEST/usr/sbin/runc
[ -x "$RUNC" ] || RUNC=$DEST/usr/bin/runc
LIBRARIES=$(dirname "$(find "$DEST/usr/lib" -name 'libc.so.6' | head -n 1)")
LOADER=$(find "$LIBRARIES" -name 'ld-linux*.so.*' | head -n 1)
patchelf --set-interpreter "$LOADER" --set-rpath "$LIBRARIES" "$RUNC"
echo "$DEST" >"$DEST/complete"
