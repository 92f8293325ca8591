#!/usr/bin/env bash
# Proves the project: format, lints, documentation, dependencies, tests against a real Kafka and a real
# PostgreSQL, and the SQL dialect's conformance cases.
#
#   ./test.sh            everything
#   ./test.sh --quick    format, lints and tests alone: no documentation, dependency check, release
#                        build or conformance cases
#   ./test.sh --help     this text
#
# What is missing is installed where this is root on Debian; elsewhere the part that needs it is reported
# as skipped, with what to install. The exit status is 0 where nothing failed.
#
#   STREAMGUARD_TEST_REQUIRE=1   a missing part is a failure, not a skip (so in .ci/run)
#   STREAMGUARD_TEST_DOCKER=0    no containers although a Docker daemon answers
#   STREAMGUARD_SHARED=DIR       where tools/conformance.py and its cases are (../shared)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"
# shellcheck source=scripts/terminal.sh
. scripts/terminal.sh
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

# The percentages that conformance.py must reach, of the cases with outputs and of those to refuse: they only go up.
CONFORMANCE_FLOORS="--min-outputs 99 --min-refusals 99"

shared=${STREAMGUARD_SHARED:-$root/../shared}
logs=$root/.tools/test-logs
target=${CARGO_TARGET_DIR:-$root/target}
quick=no
locked=()
summary=()
skips=()
failed=0

required() { [ "${STREAMGUARD_TEST_REQUIRE:-}" = 1 ]; }

# step NAME COMMAND..: runs it, keeps its output visible, and notes how it went and how long it took.
step() {
  local name=$1 from=$SECONDS verdict=ok
  shift
  say "" "== $name"
  if ! "$@"; then
    verdict=FAILED
    failed=1
  fi
  summary+=("$(printf '%6d s  %-7s %s' $((SECONDS - from)) "$verdict" "$name")")
  say "-- $name: $verdict in $((SECONDS - from)) s"
}

# Notes a part that cannot run here.
skip() {
  say "" "SKIP: $1"
  skips+=("$1")
  if required; then
    failed=1
  fi
}

# A command whose output is kept too, for the counts at the end.
logged() {
  local log=$logs/$1.log
  shift
  "$@" 2>&1 | tee "$log"
}

docker_answers() {
  [ "${STREAMGUARD_TEST_DOCKER:-}" != 0 ] && have docker && docker version >/dev/null 2>&1
}

install_tools() {
  local packages=()
  have cargo || fail "cargo is missing" "install the Rust toolchain: https://rustup.rs"
  { have cc && have make; } || packages+=(build-essential)
  have python3 || packages+=(python3)
  python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)
  { have java && have javac; } || packages+=(default-jdk-headless)
  have mvn || packages+=(maven)
  if [ ${#packages[@]} -gt 0 ] && may_install; then
    install_packages "$logs/apt.log" "${packages[@]}" || return 1
  fi
  if ! postgres_programs >/dev/null && may_install; then
    install_postgres "$logs/apt.log" || return 1
  fi
  { have cc && have make; } || fail "a C compiler and make are missing (librdkafka is built from source)"
  if have mvn; then
    scripts/install-kafka.sh || return 1
  fi
  report_servers
}

# The tests look for the servers themselves; this says beforehand what they will find.
report_servers() {
  if docker_answers; then
    say "Kafka and PostgreSQL: containers where their images are there or can be pulled, else local processes"
    return
  fi
  say "Kafka and PostgreSQL: local processes"
  { [ -d .tools/kafka/libs ] && have java; } ||
    skip "tests on Kafka: install a JDK (17 or later) and Maven, or start Docker"
  postgres_programs >/dev/null ||
    skip "tests on PostgreSQL: install its server programs (Debian: postgresql), or start Docker"
}

format() { cargo fmt --all --check; }

lint() { cargo clippy "${locked[@]}" --workspace --all-targets -- -D warnings; }

shell_lint() { shellcheck -x start.sh stop.sh test.sh .ci/run scripts/*.sh scripts/connected; }

# A module's text may name the private parts that it is made of: it is read beside them.
documentation() {
  RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc "${locked[@]}" --workspace --no-deps
}

dependencies() {
  scripts/install-cargo-deny.sh && .tools/bin/cargo-deny --log-level error check bans licenses sources
}

# The core must build and pass where librdkafka cannot be built.
engine_alone() {
  if cargo tree "${locked[@]}" -p engine -e normal,build,dev --prefix none | grep '^rdkafka' >/dev/null; then
    say "the engine depends on librdkafka:"
    cargo tree "${locked[@]}" -p engine -e normal,build,dev -i rdkafka-sys
    return 1
  fi
  logged engine cargo test "${locked[@]}" -p engine
}

# As many worlds as a change has to survive; the tests of the engine play only a few.
simulation() {
  SEEDS=2000 logged simulation cargo test "${locked[@]}" -p engine --test simulation seeds -- --nocapture
}

all_tests() { logged workspace cargo test "${locked[@]}" --workspace --features kafka --no-fail-fast; }

release_build() { cargo build "${locked[@]}" --release; }

start_stop() { scripts/test-start-stop.sh "$target/release/streamguard"; }

conformance() {
  # shellcheck disable=SC2086  # the floors are several words
  python3 "$shared/tools/conformance.py" --bin "$target/release/streamguard" $CONFORMANCE_FLOORS
}

run_steps() {
  step "tools" install_tools
  step "format" format
  step "clippy, no warning" lint
  if have shellcheck; then
    step "shellcheck" shell_lint
  fi
  step "what the image copies" scripts/check-image.sh
  if [ $quick = no ]; then
    step "documentation, no warning" documentation
    step "dependencies: bans, licenses, sources" dependencies
  fi
  step "tests of the engine, without librdkafka" engine_alone
  if [ $quick = no ]; then
    step "simulation, 2,000 seeds" simulation
  fi
  if [ $quick = no ]; then
    step "release build" release_build
    # The long end-to-end tests run the binary that people run.
    export STREAMGUARD_TEST_BIN=$target/release/streamguard
  fi
  step "tests of the workspace" all_tests
  if [ $quick = no ]; then
    if postgres_programs >/dev/null; then
      step "start.sh and stop.sh, without containers" start_stop
    else
      skip "start.sh and stop.sh: PostgreSQL's server programs are missing (Debian: postgresql)"
    fi
    if [ -f "$shared/tools/conformance.py" ] && have python3; then
      step "conformance with ksqlDB's cases" conformance
    else
      skip "conformance: $shared/tools/conformance.py or python3 is not there (STREAMGUARD_SHARED names its directory)"
    fi
  fi
}

# The sum of a column of cargo test's result lines: "passed", "failed", "ignored".
count() {
  cat "$logs"/*.log 2>/dev/null |
    awk -v what="$1;" '/^test result:/ { for (i = 2; i <= NF; i++) if ($i == what) sum += $(i - 1) } END { print sum + 0 }'
}

# Skips that the tests themselves reported.
skips_of_tests() { cat "$logs"/*.log 2>/dev/null | sed -n 's/^.*SKIP: //p' | sort -u; }

report() {
  local line
  say "" "== summary"
  for line in "${summary[@]}"; do say "$line"; done
  for line in "${skips[@]}"; do say "skipped: $line"; done
  while read -r line; do say "skipped: $line"; done < <(skips_of_tests)
  say "$(printf '%6d s  in all' $SECONDS)"
  if [ $failed = 0 ]; then say "all is well"; else say "something FAILED, see above"; fi
  say "$(count passed) passed, $(count failed) failed, $(count ignored) skipped"
}

main() {
  while [ $# -gt 0 ]; do
    case $1 in
      --quick) quick=yes ;;
      -h | --help) usage; exit 0 ;;
      *) fail "unknown argument: $1" "see ./test.sh --help" ;;
    esac
    shift
  done
  [ -z "${CI:-}" ] || locked=(--locked)
  rm -rf "$logs"
  mkdir -p "$logs"
  run_steps
  report
  exit $failed
}

main "$@"
