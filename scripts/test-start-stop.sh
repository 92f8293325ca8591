#!/usr/bin/env bash
# Proves start.sh and stop.sh without containers, in a copy of the project of its own: a start, a second
# start, a stop, a start that goes on, a crash, a port in use, and a stop that leaves nothing behind.
#
#   scripts/test-start-stop.sh BINARY
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/terminal.sh
. "$root/scripts/terminal.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"
# shellcheck source=scripts/processes.sh
. "$root/scripts/processes.sh"
place=''
listener=''

ok() { say "ok: $*"; }

check() {
  local what=$1
  shift
  "$@" || fail "not so: $what"
  ok "$what"
}

# In the copy, so that a start of the developer's own is not touched; a path with a space in it.
make_place() {
  place=$(mktemp -d "/tmp/streamguard start.XXXXXX")
  chmod 755 "$place"
  cp -r "$root/start.sh" "$root/stop.sh" "$root/scripts" "$root/rules" "$place"
}

clean_up() {
  [ -z "$listener" ] || kill "$listener" 2>/dev/null || true
  if [ -n "$place" ]; then
    "$place/stop.sh" --yes --all >/dev/null 2>&1 || true
    rm -rf "$place"
  fi
}

start() { "$place/start.sh" --standalone --yes --no-logs --tps 100 2>&1 | tee "$place/start.out"; }

said() { grep -qF "$1" "$place/start.out"; }

sql() { "$(postgres_programs)/psql" -X -q -A -t "$(setting PSQL_URL)" -c "$1"; }

setting() { sed -n "s/^$1=//p" "$place/.env"; }

transactions() { sql "SELECT count(*) FROM transactions"; }

grows() {
  local before
  before=$(transactions)
  for _ in $(seq 100); do
    [ "$(transactions)" -le "$before" ] || return 0
    sleep 0.2
  done
  return 1
}

streamguard_pid() { cut -d' ' -f1 "$place/.streamguard/streamguard.pid"; }

occupy() {
  python3 -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); time.sleep(120)' "$1" &
  listener=$!
  for _ in $(seq 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
}

first_start() {
  start
  check "start.sh waits until there are rows" test "$(transactions)" -gt 0
  check "the passwords are the owner's alone" test "$(stat -c %a "$place/.env")" = 600
  check "psql's login cannot write" reader_is_refused
  check "psql's login is an analyst" analyst_adds
  check "each login did its own part" logins_are_separate
  check "a new rule works while it runs" new_rule_fires
  start
  check "a second start says that it runs" said "running already"
}

reader_is_refused() { ! sql "DELETE FROM transactions" 2>/dev/null; }

analyst_adds() {
  sql "SELECT list_add('merchant', 'Example', 'watch', 'a test')" >/dev/null &&
    test "$(sql "SELECT author FROM list_events WHERE value = 'Example'")" = streamguard
}

# The owner's role has the tables, the consumer's login wrote the decisions.
logins_are_separate() {
  test "$(sql "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'decisions%'")" = \
    streamguard_owner &&
    test "$(sql "SELECT DISTINCT actor FROM audit_log WHERE chain <> 'manual'")" = streamguard_consumer
}

# The rule of the README's first five minutes, with a limit that is soon crossed.
new_rule_fires() {
  awk '/^   ```sql/ { block++ } /^   ```$/ { if (block == 2) exit } block == 2 && !/```/ { sub(/^   /, ""); print }' \
    "$root/README.md" | sed "s/'800'/'1'/" >"$place/rules/online_and_large.sql"
  "$STREAMGUARD_BINARY" rules check "$place/rules" >/dev/null || return 1
  for _ in $(seq 300); do
    test "$(sql "SELECT count(*) > 0 FROM fraud_alerts WHERE rule_name = 'ONLINE_AND_LARGE'")" = f || return 0
    sleep 0.2
  done
  return 1
}

goes_on_after_a_stop() {
  local before pid
  pid=$(streamguard_pid)
  "$place/stop.sh" --yes
  check "stop.sh ends the process" test -z "$(birth "$pid")"
  check "stop.sh keeps the data" test -d "$place/.streamguard/postgres" -o -f "$place/.streamguard/postgres.path"
  start
  before=$(transactions)
  check "rows grow after a stop and a start ($before so far)" grows
}

goes_on_after_a_crash() {
  kill -9 "$(streamguard_pid)"
  sleep 1
  start
  check "rows grow after a crash" grows
}

takes_another_port() {
  local port
  port=$(setting POSTGRES_PORT)
  "$place/stop.sh" --yes
  occupy "$port"
  start
  check "PostgreSQL takes another port where its own is in use" test "$(setting POSTGRES_PORT)" != "$port"
  check "rows grow on that port" grows
  kill "$listener"
  listener=''
}

entries() { find "$place" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | xargs; }

leaves_nothing() {
  local pid
  pid=$(streamguard_pid)
  "$place/stop.sh" --yes --all
  check "--all ends the process" test -z "$(birth "$pid")"
  check "--all leaves no state" test ! -e "$place/.streamguard" -a ! -e "$place/.env"
  check "nothing more was written" test "$(entries)" = "rules scripts start.out start.sh stop.sh"
}

main() {
  { [ $# = 1 ] && [ -x "$1" ]; } || fail "usage: scripts/test-start-stop.sh BINARY"
  STREAMGUARD_BINARY=$(realpath "$1")
  export STREAMGUARD_BINARY
  trap clean_up EXIT
  make_place
  first_start
  goes_on_after_a_stop
  goes_on_after_a_crash
  takes_another_port
  leaves_nothing
}

main "$@"
