#!/usr/bin/env bash
# Starts StreamGuard: a load of transactions, the rules in rules/, decisions in PostgreSQL.
#
#   ./start.sh                 asks how much load, and whether to follow the log
#   ./start.sh --yes           asks nothing
#   ./start.sh --tps N         transactions a second (20; 0 for none)
#   ./start.sh --no-logs       does not follow the log (--logs: does)
#   ./start.sh --standalone    one process beside PostgreSQL, although Docker answers
#   ./start.sh --help          this text
#
# Where a Docker daemon answers and has or gets the images, everything runs as containers (Kafka,
# PostgreSQL, engine, consumer, producer). Otherwise one process with an embedded log does, beside a
# PostgreSQL cluster in .streamguard/, which is installed by apt where this is root on Debian.
# ./stop.sh stops it; starting again goes on from where it was.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # the parts below use it
state=$root/.streamguard
for part in terminal packages environment processes postgres standalone compose; do
  # shellcheck source=/dev/null
  . "$root/scripts/$part.sh"
done
: "${pid_file:?}"

DEFAULT_TPS=20
# How long rows may take to appear, in seconds.
ROWS_WITHIN=90

tps=''
logs=''
yes=no
# standalone or compose: which functions do the work, by the beginning of their names.
mode=''
started_at=''

arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --yes | -y) yes=yes ;;
      --no-logs) logs=no ;;
      --logs) logs=yes ;;
      --tps) [ $# -ge 2 ] || fail "--tps needs a number" "for example: ./start.sh --tps 50"; tps=$2; shift ;;
      --tps=*) tps=${1#--tps=} ;;
      --standalone) mode=standalone ;;
      -h | --help) usage; exit 0 ;;
      *) fail "unknown argument: $1" "see ./start.sh --help" ;;
    esac
    shift
  done
  [ -z "$tps" ] || valid_tps "$tps" || fail "--tps takes a whole number from 0 to 1000000, not '$tps'"
}

valid_tps() { [[ $1 =~ ^[0-9]{1,7}$ ]] && [ "$1" -le 1000000 ]; }

questions() {
  if [ -z "$tps" ]; then
    tps=$DEFAULT_TPS
    if [ $yes = no ] && interactive; then
      tps=$(ask "How many transactions a second?" $DEFAULT_TPS)
      valid_tps "$tps" || fail "a whole number from 0 to 1000000, not '$tps'"
    fi
  fi
  if [ -z "$logs" ]; then
    logs=no
    if [ $yes = no ] && interactive; then
      case $(ask "Follow the live log afterwards (Ctrl-C ends that, not StreamGuard)?" y) in
        [yY]*) logs=yes ;;
      esac
    fi
  fi
}

say_if_running() {
  local what
  if standalone_runs; then
    mode=standalone what="process $(ours "$pid_file")"
  elif compose_runs; then
    mode=compose what="as containers: $(compose_services status=running | xargs)"
  else
    return 0
  fi
  say "StreamGuard is running already, $what." ""
  "${mode}_next_steps"
  say "  stop          ./stop.sh"
  exit 0
}

start() {
  started_at=$(date -u '+%Y-%m-%d %H:%M:%S+00')
  if [ "$mode" != standalone ] && ! docker_answers; then
    say "no Docker daemon answers: starting without containers"
    mode=standalone
  fi
  if [ "$mode" != standalone ] && compose_ready && start_compose "$tps"; then
    mode=compose
  else
    mode=standalone
    start_standalone "$tps"
  fi
}

# Rows that came since the start; the condition on the event time keeps the search to the newest partitions.
fresh() {
  "${mode}_query" "SELECT count(*) > 0 FROM $1 WHERE event_time > now() - interval '1 day' AND $2 >= '$started_at'"
}

wait_for_rows() {
  local from=$SECONDS
  [ "$tps" != 0 ] || return 0
  say "waiting for the first rows"
  until [ "$(fresh transactions ingested_at || true)" = t ]; do
    "${mode}_runs" || { "${mode}_log_tail" >&2; fail "StreamGuard has ended; above is the end of its log"; }
    if [ $((SECONDS - from)) -ge $ROWS_WITHIN ]; then
      "${mode}_log_tail" >&2
      fail "no rows after $ROWS_WITHIN s; above is the end of its log" "it goes on running; ./stop.sh stops it"
    fi
    sleep 0.5
  done
  until [ "$(fresh decisions decided_at || true)" = t ] || [ $((SECONDS - from)) -ge $ROWS_WITHIN ]; do
    "${mode}_runs" || { "${mode}_log_tail" >&2; fail "StreamGuard has ended; above is the end of its log"; }
    sleep 0.5
  done
  say "rows: $(counts)"
}

counts() {
  "${mode}_query" "SELECT (SELECT count(*) FROM transactions) || ' transactions, ' || (SELECT count(*) FROM fraud_alerts)
    || ' alerts, ' || (SELECT count(*) FROM decisions) || ' decisions'"
}

report() {
  say "" "StreamGuard is running." ""
  "${mode}_next_steps"
  say "  tables        transactions, fraud_alerts, alert_occurrences, decisions, customer_profiles, list_entries" \
    "  views         fraud_statistics, fraud_rate, account_risk_profile, current_decisions" \
    "  rules         $root/rules: edit a file, and the new rule works within seconds" \
    "  stop          ./stop.sh (keeps the data)"
}

main() {
  arguments "$@"
  say_if_running
  questions
  start
  wait_for_rows
  report
  if [ $logs = yes ]; then
    say "" "-- the log follows; Ctrl-C ends that, not StreamGuard"
    "${mode}_follow_log" || true
  fi
}

main "$@"
