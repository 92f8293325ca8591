#!/usr/bin/env bash
# Stops StreamGuard: what is in flight is finished first.
#
#   ./stop.sh              stops, and asks whether to keep the data
#   ./stop.sh --yes        stops and keeps the data; ./start.sh goes on from there
#   ./stop.sh --yes --all  stops and deletes everything that start.sh made: data, .env, containers,
#                          volumes (not the build in target/ and .tools/)
#   ./stop.sh --help       this text
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$root/.streamguard
for part in terminal packages environment processes postgres standalone compose; do
  # shellcheck source=/dev/null
  . "$root/scripts/$part.sh"
done
: "${env_file:?}"

yes=no
all=no

arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --yes | -y) yes=yes ;;
      --all) all=yes ;;
      -h | --help) usage; exit 0 ;;
      *) fail "unknown argument: $1" "see ./stop.sh --help" ;;
    esac
    shift
  done
}

# Data goes only where the word was typed, or both flags given.
decide() {
  if [ $yes = yes ]; then
    return
  elif ! interactive; then
    [ $all = no ] || fail "--all deletes data and nobody can be asked here" "to delete it all the same: ./stop.sh --yes --all"
    return
  fi
  all=no
  if [ "$(ask "Type 'all' to delete all data as well; anything else keeps it" keep)" = all ]; then
    all=yes
  fi
}

say_what_is_kept() {
  local kept=()
  [ ! -d "$state" ] || kept+=("  $state")
  [ ! -f "$env_file" ] || kept+=("  $env_file")
  if docker_answers && [ -n "$(docker volume ls -q --filter label=com.docker.compose.project=streamguard)" ]; then
    kept+=("  Docker's volumes of the project streamguard")
  fi
  if [ ${#kept[@]} = 0 ]; then
    say "StreamGuard is stopped."
  else
    say "StreamGuard is stopped. Kept:" "${kept[@]}" "./start.sh goes on from there; ./stop.sh --yes --all deletes it."
  fi
}

main() {
  arguments "$@"
  decide
  stop_standalone
  stop_compose
  if [ $all = yes ]; then
    remove_compose
    remove_standalone
    rm -f "$env_file" "$env_file.new"
    say "StreamGuard is stopped, and its data is deleted."
  else
    say_what_is_kept
  fi
}

main "$@"
