#!/bin/bash
# The first process of a lab, in namespaces of its own: makes the switch and the tmpfs, then only reaps orphans.
set -euo pipefail
LAB_DIR=$1
exec 3>"$LAB_DIR/ready" # opened before the tmpfs hides it
mount -t tmpfs -o mode=755 lab "$LAB_DIR"
mkdir -p "$LAB_DIR"/{hosts,addresses,registries,tmp}
ip link set lo up
ip link add switch type bridge
ip address add 10.77.0.1/16 dev switch
ip link set switch up
echo ready >&3
exec 3>&- tini-static -- sleep infinity
