#!/bin/bash
# get-servers.sh FOLDER: makes FOLDER/{nginx,redis,postgres}.tar of Debian's packages, each with everything it needs.
# Nothing is installed: packages are unpacked, and what their scripts would do is done here.
set -euo pipefail
FOLDER=$1
APT=(apt-get -qq -y --no-install-recommends -o Dir::State::status=/dev/null -o Debug::NoLocking=1
  -o APT::Sandbox::User=root -o DPkg::Lock::Timeout=300)

# unpacked NAME PACKAGE...: their files and those of all that they depend on, in FOLDER/NAME
unpacked() {
  local name=$1 archives package
  shift
  archives=$(mktemp -d)
  mkdir "$archives/partial"
  "${APT[@]}" -o Dir::Cache::archives="$archives" --download-only install dash coreutils "$@" >/dev/null
  mkdir -p "$FOLDER/$name"
  for package in "$archives"/*.deb; do dpkg-deb --extract "$package" "$FOLDER/$name"; done
  rm -r "$archives"
  rm -rf "$FOLDER/$name/usr/share/"{doc,man,locale,perl,perl5}
  mkdir -p "$FOLDER/$name/"{etc,tmp,run,data}
  chmod 1777 "$FOLDER/$name/tmp"
  printf '%s\n' root:x:0:0::/root:/bin/sh server:x:70:70::/data:/bin/sh >"$FOLDER/$name/etc/passwd"
  printf '%s\n' root:x:0: server:x:70: >"$FOLDER/$name/etc/group"
  chown 70:70 "$FOLDER/$name/data"
}

packed() { # NAME
  tar --create --numeric-owner --sort=name --mtime=@0 --directory "$FOLDER/$1" --file "$FOLDER/$1.part" .
  rm -r "${FOLDER:?}/$1"
  mv "$FOLDER/$1.part" "$FOLDER/$1.tar" # in one step: what has this name is whole
}

mkdir -p "$FOLDER"
rm -rf "$FOLDER"/{nginx,redis,postgres} "$FOLDER"/*.part

if [ ! -e "$FOLDER/nginx.tar" ]; then
  unpacked nginx nginx-light
  cat >"$FOLDER/nginx/etc/nginx/nginx.conf" <<'CONF'
user server;
daemon off;
error_log /dev/stderr;
pid /run/nginx.pid;
events {}
http { access_log off; server { listen 80; root /data; } }
CONF
  packed nginx
fi
if [ ! -e "$FOLDER/redis.tar" ]; then
  unpacked redis redis-server
  packed redis
fi
if [ ! -e "$FOLDER/postgres.tar" ]; then
  unpacked postgres postgresql-15
  cat >"$FOLDER/postgres/start" <<'START'
#!/bin/sh
set -e
[ -s /data/PG_VERSION ] || initdb --auth trust --pgdata /data >/dev/null
exec postgres -D /data -k /tmp
START
  chmod 755 "$FOLDER/postgres/start"
  chmod 700 "$FOLDER/postgres/data"
  packed postgres
fi
