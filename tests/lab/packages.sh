#!/bin/bash
# Installs the Debian packages that the lab needs and that are missing.
set -euo pipefail
PACKAGES=(ca-certificates docker.io docker-registry busybox-static iproute2 iptables patchelf tini openssl curl jq
  python3 python3-bcrypt python3-jwt python3-cryptography)
missing=()
for package in "${PACKAGES[@]}"; do
  state=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) || state=
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "lab: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
APT=(apt-get -qq -o DPkg::Lock::Timeout=300)
"${APT[@]}" update
"${APT[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
