#!/usr/bin/env bash
# What the Dockerfile copies from the project is let through by .dockerignore, and is there.
#
# A path that is kept from the daemon fails the image's build, and ./start.sh would then go on without containers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The sources of each COPY, without its flags and its target; a dot is the context itself.
sources() { awk '$1 == "COPY" && !/--from=/ { for (i = 2; i < NF; i++) if ($i !~ /^--/ && $i != ".") print $i }' Dockerfile; }

# let_through PATH: one of its parents or itself is named with a "!".
let_through() {
  local path=$1
  while [ "$path" != . ]; do
    grep -qxF "!$path" .dockerignore && return 0
    path=$(dirname "$path")
  done
  return 1
}

bad=0
for path in $(sources); do
  [ -e "$path" ] || { echo "Dockerfile copies $path, which is not there"; bad=1; }
  let_through "$path" || { echo "Dockerfile copies $path, which .dockerignore keeps from it: add the line !$path"; bad=1; }
done
exit $bad
