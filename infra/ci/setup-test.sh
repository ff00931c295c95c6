#!/usr/bin/env bash
# Installs what the tests need beyond npm packages. Tests never install anything themselves; what is missing here they
# leave out, and say so by name.
set -u

packages=()
command -v redis-server >/dev/null 2>&1 || packages+=(redis-server)

if [ ${#packages[@]} -eq 0 ]; then
  echo "setup:test: everything is there."
  exit 0
fi

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "setup:test: missing: ${packages[*]}. Without it the tests that need it are left out."
  echo "setup:test: install it with your system's package manager, or run this as root on Debian or Ubuntu."
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
# Debian starts a service for each server it installs; the tests start servers of their own on free ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -q </dev/null && apt-get install -q -y --no-install-recommends "${packages[@]}" </dev/null || {
  echo "setup:test: installing ${packages[*]} failed." >&2
  exit 1
}
echo "setup:test: installed ${packages[*]}."
