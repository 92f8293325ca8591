# shellcheck shell=bash
# Words to a person, and answers back. Sourced.

say() { printf '%s\n' "$@"; }

# fail WHAT [WHAT TO DO NEXT..]
fail() {
  printf '%s\n' "${0##*/}: $1" >&2
  shift
  [ $# = 0 ] || printf '  %s\n' "$@" >&2
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

# The comment at the head of a script is its help.
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"; }

if [ "${BASH_VERSINFO[0]}" -lt 4 ] || { [ "${BASH_VERSINFO[0]}" = 4 ] && [ "${BASH_VERSINFO[1]}" -lt 4 ]; }; then
  fail "this needs bash 4.4 or later, and this is $BASH_VERSION" "macOS: brew install bash"
fi
