# shellcheck shell=bash
# StreamGuard in one process, on the embedded broker, beside a PostgreSQL cluster of the project's own.
# Sourced after terminal.sh, packages.sh, environment.sh, processes.sh and postgres.sh.

# STREAMGUARD_BINARY names one that is there already: then nothing is built.
binary=${STREAMGUARD_BINARY:-${CARGO_TARGET_DIR:-${root:?}/target}/release/streamguard}
pid_file=${state:?}/streamguard.pid
log_file=$state/streamguard.log

standalone_runs() { ours "$pid_file" >/dev/null; }

need_toolchain() {
  local missing
  [ -z "${STREAMGUARD_BINARY:-}" ] || return 0
  mapfile -t missing < <(missing_to_build)
  [ ${#missing[@]} = 0 ] ||
    fail "this is missing to build StreamGuard:" "${missing[@]}" "Or start Docker: then nothing else is needed."
}

build_binary() {
  [ -z "${STREAMGUARD_BINARY:-}" ] || return 0
  say "building StreamGuard (the first time takes some minutes)"
  (cd "$root" && cargo build --release --locked) || fail "the build failed, see above"
}

# start_standalone TPS
start_standalone() {
  need_toolchain
  mkdir -p "$state"
  chmod 711 "$state"
  need_postgres
  build_binary
  start_postgres "$(env_keep POSTGRES_PORT 5432)"
  write_env "$(postgres_port)" "$(env_keep KAFKA_PORT 9092)" "$1"
  make_logins
  (
    load_env
    "$binary" --data-dir .streamguard db migrate || exit 1
    launch_standalone "$1"
  ) || fail "StreamGuard does not start" "its log: $log_file"
  say "StreamGuard runs, process $(ours "$pid_file" || echo '(ended)'), log $log_file"
}

load_env() {
  cd "$root" || return 1
  set -a
  # shellcheck source=/dev/null
  . "${env_file:?}"
  set +a
}

# Its own session: Ctrl-C in this terminal, or its end, is not for it.
launch_standalone() {
  local detach=()
  ! have setsid || detach=(setsid)
  nohup "${detach[@]}" "$binary" --data-dir .streamguard standalone --rules rules --tps "$1" \
    >>"$log_file" 2>&1 </dev/null &
  remember "$pid_file" $!
}

standalone_query() { reader_psql -c "$1" 2>>"${postgres_log:?}"; }

standalone_log_tail() { tail -n 20 "$log_file"; }

standalone_follow_log() { tail -n 20 -F "$log_file"; }

standalone_next_steps() {
  local psql=psql
  have psql || psql=$(postgres_programs)/psql
  say "  psql          (. ./.env && $psql \"\$PSQL_URL\")" \
    "  log           $log_file" \
    "  database      127.0.0.1:$(env_get POSTGRES_PORT), its log $postgres_log" \
    "  check a rule  $binary rules check rules"
}

stop_standalone() {
  end_gracefully "StreamGuard" "$pid_file" 60
  stop_postgres
}

# Everything that start_standalone made; what is stopped stays stopped.
remove_standalone() {
  if has_cluster; then
    rm -rf "$(postgres_home)"
  fi
  rm -rf "$state"
  rmdir /var/lib/streamguard 2>/dev/null || true
}
