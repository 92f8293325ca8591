# shellcheck shell=bash
# Processes by pid file: only one that is provably ours is ever signalled. Sourced after terminal.sh.
#
# A pid file holds the process's id and when it began, so that an id which the system has given to
# another process since (after a crash, a restart of the machine) is not taken for ours.

# birth PID: when it began, in the system's own terms; empty where there is no such process.
birth() {
  if [ -d /proc/self ]; then
    # After the name in brackets: the state (Z: ended, not yet reaped), and as the 20th field the start.
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'
  else
    ps -o lstart= -p "$1" 2>/dev/null || true
  fi
}

# remember PIDFILE PID
remember() { printf '%s %s\n' "$2" "$(birth "$2")" >"$1"; }

# ours PIDFILE: prints the id where that process still runs; else removes the file and fails.
ours() {
  local pid began
  [ -f "$1" ] || return 1
  read -r pid began <"$1" || true
  if [[ $pid =~ ^[0-9]+$ ]] && [ -n "$began" ] && [ "$(birth "$pid")" = "$began" ]; then
    printf '%s\n' "$pid"
    return
  fi
  rm -f "$1"
  return 1
}

# end_gracefully NAME PIDFILE SECONDS: SIGTERM, a wait, and SIGKILL where that was not enough.
end_gracefully() {
  local pid left=$(($3 * 10))
  pid=$(ours "$2") || return 0
  say "stopping $1 (process $pid)"
  kill -TERM "$pid" 2>/dev/null || true
  while ours "$2" >/dev/null; do
    if [ $left = 0 ]; then
      say "$1 has not ended within $3 s: killing it (what was committed is safe)"
      kill -KILL "$pid" 2>/dev/null || true
      sleep 1
      break
    fi
    left=$((left - 1))
    sleep 0.1
  done
  rm -f "$2"
}
