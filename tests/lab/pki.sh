#!/bin/bash
# pki.sh FOLDER: makes an authority, a server and a client certificate, a second (foreign) authority, and the key for tokens.
set -euo pipefail
mkdir -p "$1"
cd "$1"
NAMES="DNS:localhost,DNS:registry.test,DNS:auth.test,DNS:*.test,IP:127.0.0.1,IP:::1"
NAMES+=",DNS:docker.io,DNS:*.docker.io,DNS:ghcr.io" # see hub.sh
for number in {1..250}; do NAMES+=,IP:10.77.0.$number; done
EC=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

authority() { # NAME
  openssl req -x509 "${EC[@]}" -keyout "$1.key" -out "$1.crt" -days 3650 -subj "/CN=lab $1" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}

leaf() { # NAME AUTHORITY USAGE NAMES
  openssl req "${EC[@]}" -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 800 -out "$1.crt" \
    -extfile <(printf 'extendedKeyUsage=%s\nsubjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$3" "$4") 2>/dev/null
  rm "$1.csr"
}

authority ca
authority foreign-ca
leaf server ca serverAuth "$NAMES"
leaf client ca clientAuth DNS:client
leaf foreign-client foreign-ca clientAuth DNS:client
openssl req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.crt -days 3650 -subj "/CN=lab token" 2>/dev/null
cat /etc/ssl/certs/ca-certificates.crt ca.crt >bundle.pem
# The layout that DOCKER_CERT_PATH expects.
mkdir -p client
cp ca.crt client/ca.pem
cp client.crt client/cert.pem
cp client.key client/key.pem
