# shellcheck shell=bash
# System packages, by apt as root on Debian and its kin; elsewhere a word on what to install. Sourced
# after terminal.sh.

may_install() { [ "$(id -u)" = 0 ] && have apt-get; }

# install_packages LOG PACKAGE..: quiet; the log has apt's words.
install_packages() {
  local log=$1
  shift
  say "installing $* (log: $log)"
  {
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  } >"$log" 2>&1 </dev/null
}

# PostgreSQL's server programs without the cluster that Debian's package would make and start on port 5432.
install_postgres() {
  local log=$1 conf=/etc/postgresql-common/createcluster.d/streamguard-install.conf status=0
  mkdir -p "${conf%/*}"
  echo "create_main_cluster = false" >"$conf"
  install_packages "$log" postgresql || status=$?
  rm -f "$conf"
  rmdir --ignore-fail-on-non-empty "${conf%/*}" 2>/dev/null || true
  return "$status"
}

# Prints the directory of the newest initdb, postgres and psql; fails where there is none.
postgres_programs() {
  local dir
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -rn) $(on_path initdb); do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && [ -x "$dir/psql" ]; then
      printf '%s\n' "$dir"
      return
    fi
  done
  return 1
}

# The directory of a program on the path, links resolved.
on_path() {
  local program
  program=$(command -v "$1") && dirname "$(readlink -f "$program")"
}

# What is missing to build the binary, one line each: program, and Debian's package for it.
missing_to_build() {
  have cargo || echo "cargo: the Rust toolchain, from https://rustup.rs"
  have cc || have gcc || echo "a C compiler (Debian: build-essential)"
  have make || echo "make (Debian: build-essential)"
}
