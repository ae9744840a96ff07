#!/bin/bash
# view.sh HOSTS COMMAND...: becomes a command that has the file HOSTS for its /etc/hosts; nobody else sees that.
set -euo pipefail
# shellcheck disable=SC2016
exec unshare --mount --propagation private /bin/sh -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' view "$@"
