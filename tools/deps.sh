#!/bin/bash
# deps.sh: installs what packages.txt lists and this machine lacks (apt), and the npm packages of
# package-lock.json. Safe to run at any time; when nothing is missing it takes a blink.
set -eu
cd "$(dirname "$0")/.."
. tools/step.sh
logs=build/logs

# A package counts as present when it is installed, or when a command of its name is there (node,
# npm or cmake from elsewhere). Prints the missing ones.
missing_packages() {
  local wanted installed package
  wanted=$(sed -e 's/#.*//' -e 's/[[:space:]].*//' -e '/^$/d' packages.txt)
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true)
  for package in $wanted; do
    if ! grep -qx "installed $package" <<<"$installed" && ! command -v "$package" >/dev/null; then
      printf '%s ' "$package"
    fi
  done
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

install_packages() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "deps: these packages are missing and only root can install them:" >&2
    echo "  sudo apt-get install $*" >&2
    exit 1
  fi
  echo "installing: $*"
  # Package lists may be empty (fresh machine) or stale (the install then fails): only then fetch.
  if apt-cache show "$@" >/dev/null 2>&1; then
    STEP_TAIL=3 step "apt-get install" $logs/apt.log apt_install "$@" && return
  fi
  step "apt-get update" $logs/apt-update.log apt-get update
  step "apt-get install" $logs/apt.log apt_install "$@"
}

npm_current() {
  [ -f node_modules/.lock-hash ] && sha256sum --check --status node_modules/.lock-hash
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "deps: no apt here; install by hand what packages.txt lists, then: npm ci" >&2
  exit 1
fi
missing=$(missing_packages)
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086
  install_packages $missing
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    echo "deps: still missing: $missing" >&2
    exit 1
  fi
fi
if ! npm_current; then
  step "npm ci" $logs/npm.log npm ci --ignore-scripts --no-audit --no-fund
  sha256sum package-lock.json >node_modules/.lock-hash
fi
