#!/bin/bash
# registry.sh NAME ADDRESS:PORT plain|basic|token|tls|tls-token|mirror [REALM or URL [SERVICE]]: becomes Debian's
# docker-registry.
#   basic: alice, s3cret;  token: the arguments are the token server's URL and the registry's name there;
#   mirror: the argument is the registry it caches
set -euo pipefail
: "${LAB_DIR:?runs inside a lab}" "${LAB_PKI:?runs inside a lab}"
NAME=$1 ADDRESS=$2 MODE=$3 ARGUMENT=${4:-} SERVICE=${5:-registry.test}
DIR=$LAB_DIR/registries/$NAME
mkdir -p "$DIR"
auth='' tls='' proxy=''
case $MODE in
  plain | tls) ;;
  basic)
    /usr/bin/python3 - >"$DIR/htpasswd" <<'PYTHON'
import bcrypt
print("alice:" + bcrypt.hashpw(b"s3cret", bcrypt.gensalt(5)).decode())
PYTHON
    auth="auth: {htpasswd: {realm: lab, path: $DIR/htpasswd}}"
    ;;
  token | tls-token)
    auth="auth: {token: {realm: \"$ARGUMENT\", service: $SERVICE, issuer: lab, rootcertbundle: $LAB_PKI/token.crt}}"
    ;;
  mirror) proxy="proxy: {remoteurl: \"$ARGUMENT\"}" ;;
  *) echo "registry.sh: no such mode: $MODE" >&2; exit 2 ;;
esac
case $MODE in tls*) tls=", tls: {certificate: $LAB_PKI/server.crt, key: $LAB_PKI/server.key}" ;; esac
cat >"$DIR/config.yml" <<CONFIG
version: 0.1
log: {level: info, formatter: json, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $DIR/blobs}
  delete: {enabled: true}
  cache: {blobdescriptor: inmemory}
  maintenance: {uploadpurging: {enabled: false}}
http: {addr: "$ADDRESS"$tls}
$auth
$proxy
CONFIG
exec /usr/bin/docker-registry serve "$DIR/config.yml"
