#!/bin/sh
# Makes what docker-compose.yml mounts as secrets, in ./secrets; what is there already is left alone.
set -eu
dir="$(cd "$(dirname "$0")/../.." && pwd)/secrets"
# Only its owner may enter. The files themselves must be readable by the numeric users of the containers.
mkdir -p "$dir" && chmod 700 "$dir"

keep() { # NAME, VALUE
  [ -s "$dir/$1" ] && return 0
  printf '%s' "$2" >"$dir/$1" && chmod 444 "$dir/$1" && echo "made secrets/$1"
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

keep secret_key "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
keep postgres_password "$(random)"
keep redis_password "$(random)"
keep grafana_password "$(random)"
keep database_url "postgres://pngx:$(cat "$dir/postgres_password")@postgres:5432/pngx"
keep redis_url "redis://:$(cat "$dir/redis_password")@redis:6379/0"
echo "Keep a copy of secrets/secret_key: without it no stored token can be read."
