#!/bin/bash
# The first process of a lab, in namespaces of its own: makes the switch and the tmpfs, then only reaps orphans.
set -euo pipefail
LAB_DIR=$1
exec 3>"$LAB_DIR/ready" # opened before the tmpfs hides it
mount -t tmpfs -o mode=755 lab "$LAB_DIR"
mkdir -p "$LAB_DIR"/{hosts,addresses,registries,tmp}
ip link set lo up
# With an address of its own: else it changes with the hosts that come and go, and the others lose their way to it.
ip link add switch address 02:77:00:00:01:01 type bridge
ip address add 10.77.0.1/16 dev switch
ip link set switch up
echo ready >&3
exec 3>&- tini-static -- sleep infinity
