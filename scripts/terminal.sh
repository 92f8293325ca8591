# shellcheck shell=bash
# Words to a person, and answers back. Sourced.

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "${0##*/}: $1" >&2
  shift
  local line
  for line; do printf '  %s\n' "$line" >&2; done
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# True where a person can be asked.
interactive() { [ -t 0 ] && [ -t 1 ]; }

# ask QUESTION DEFAULT: prints the answer, DEFAULT for an empty one.
ask() {
  local answer=''
  read -r -p "$1 [$2] " answer || true
  printf '%s\n' "${answer:-$2}"
}
