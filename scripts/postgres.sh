# shellcheck shell=bash
# A PostgreSQL cluster of the project's own, beside `streamguard standalone`. Sourced after terminal.sh,
# packages.sh and environment.sh, with `root` and `state` set.
#
# It lies in .streamguard/postgres, listens on 127.0.0.1 and takes passwords. Its superuser is reached
# only through a socket in a directory of the user that runs the server. PostgreSQL does not run as root,
# so where this is root another user does, and where that user cannot reach the project's directory
# (/root, say) the cluster lies under /var/lib instead.

postgres_log=${state:?}/postgres.log

# Who runs the server: empty for oneself.
postgres_user() {
  [ "$(id -u)" = 0 ] || return 0
  id -un postgres 2>/dev/null || fail "PostgreSQL does not run as root, and there is no user 'postgres' to run it" \
    "useradd --system --home-dir /var/lib/postgresql postgres"
}

# as_postgres COMMAND..: runs it as that user, from a directory it can be in.
as_postgres() {
  local user
  user=$(postgres_user)
  if [ -n "$user" ]; then
    (cd / && exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups env HOME=/ "$@")
  else
    "$@"
  fi
}

# Where the cluster is, or is to be.
postgres_home() {
  local user
  if [ -f "$state/postgres.path" ]; then
    cat "$state/postgres.path"
    return
  fi
  user=$(postgres_user)
  if [ -n "$user" ] && ! as_postgres test -x "$state"; then
    printf '/var/lib/streamguard/%s\n' "$(printf '%s' "${root:?}" | cksum | cut -d' ' -f1)" | tee "$state/postgres.path"
  else
    printf '%s\n' "$state/postgres"
  fi
}

has_cluster() { [ -d "$state/postgres" ] || [ -f "$state/postgres.path" ]; }

need_postgres() {
  if ! postgres_programs >/dev/null; then
    may_install || fail "PostgreSQL's server programs (initdb, postgres, psql) are missing" \
      "Debian, Ubuntu: sudo apt-get install postgresql" "Fedora: sudo dnf install postgresql-server" \
      "macOS: brew install postgresql@17" "or start Docker: then nothing else is needed"
    install_postgres "$state/apt.log" || fail "PostgreSQL could not be installed" "apt's words: $state/apt.log"
  fi
  postgres_programs >/dev/null || fail "PostgreSQL was installed, but initdb, postgres and psql are not together"
}

# Its pid file outlives a crash, and the id in it may be another process's by now: so it must answer too
# (a refusal while it starts is an answer).
postgres_runs() {
  local home programs answer=0
  home=$(postgres_home)
  programs=$(postgres_programs)
  [ -f "$home/data/postmaster.pid" ] || return 1
  as_postgres "$programs/pg_ctl" -D "$home/data" status >/dev/null 2>&1 || return 1
  "$programs/pg_isready" -q -h 127.0.0.1 -p "$(postgres_port)" || answer=$?
  [ $answer -le 1 ]
}

# The port of the server that runs.
postgres_port() { sed -n 4p "$(postgres_home)/data/postmaster.pid"; }

# make_cluster HOME: initdb, once; a half-made one is made again.
make_cluster() {
  local user
  user=$(postgres_user)
  [ ! -f "$1/data/.complete" ] || return 0
  say "making a PostgreSQL cluster in $1"
  rm -rf "$1"
  mkdir -p "$1"
  chmod 700 "$1"
  [ -z "$user" ] || chown "$user:$(id -g "$user")" "$1"
  as_postgres "$(postgres_programs)/initdb" -D "$1/data" -U postgres -E UTF8 --locale=C \
    --auth-local=trust --auth-host=scram-sha-256 >"$postgres_log" 2>&1 ||
    fail "initdb failed" "its words: $postgres_log"
  as_postgres touch "$1/data/.complete"
}

# start_postgres PORT: on that port or the next free one; nothing where it runs already.
start_postgres() {
  local home socket port=$1 try
  home=$(postgres_home)
  make_cluster "$home"
  ! postgres_runs || return 0
  touch "$postgres_log"
  for try in 1 2 3; do
    port=$(free_port "$port") || fail "no free port from $1 on"
    [ "$port" = "$1" ] || say "port $1 is in use: PostgreSQL takes $port"
    socket=$(new_socket_directory "$home")
    ! launch_postgres "$home" "$port" "$socket" || return 0
    [ "$try" = 3 ] || port=$((port + 1))
  done
  fail "PostgreSQL does not start; the end of $postgres_log:" "$(tail -n 15 "$postgres_log")"
}

# Its path must be short (a socket's is at most 107 bytes), so it is not below the project.
new_socket_directory() {
  local directory
  [ ! -f "$1/socket" ] || rm -rf "$(cat "$1/socket")"
  directory=$(as_postgres mktemp -d /tmp/streamguard-postgres.XXXXXX)
  printf '%s\n' "$directory" >"$1/socket"
  printf '%s\n' "$directory"
}

# launch_postgres HOME PORT SOCKET_DIRECTORY. The log is opened here: the server's user may not reach it.
launch_postgres() {
  as_postgres "$(postgres_programs)/pg_ctl" -D "$1/data" -w -t 60 \
    -o "-p $2 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$3" start >>"$postgres_log" 2>&1 </dev/null
}

# Runs psql as the superuser, through the socket.
superuser_psql() {
  local home socket
  home=$(postgres_home)
  socket=$(cat "$home/socket")
  as_postgres "$(postgres_programs)/psql" -X -q -h "$socket" -p "$(postgres_port)" -U postgres "$@"
}

# The passwords go in by standard input: arguments can be seen by others.
make_logins() {
  {
    printf "\\\\set %s '%s'\n" owner_password "$(env_get OWNER_PASSWORD)" \
      writer_password "$(env_get WRITER_PASSWORD)" reader_password "$(env_get READER_PASSWORD)"
    cat "$root/scripts/logins.sql"
  } | superuser_psql -d postgres -f - >>"$postgres_log" 2>&1 ||
    fail "the database's logins could not be made; the end of $postgres_log:" "$(tail -n 5 "$postgres_log")"
}

# reader_psql ARG..: psql as the login of people.
reader_psql() { "$(postgres_programs)/psql" -X -q -A -t "$(env_get PSQL_URL)" "$@"; }

stop_postgres() {
  local home
  has_cluster && postgres_programs >/dev/null || return 0
  home=$(postgres_home)
  if postgres_runs; then
    say "stopping PostgreSQL"
    as_postgres "$(postgres_programs)/pg_ctl" -D "$home/data" -m fast -w -t 120 stop >>"$postgres_log" 2>&1 ||
      fail "PostgreSQL does not stop; the end of $postgres_log:" "$(tail -n 5 "$postgres_log")"
  fi
  if [ -f "$home/socket" ]; then
    rm -rf "$(cat "$home/socket")"
    rm -f "$home/socket"
  fi
}
