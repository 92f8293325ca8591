# shellcheck shell=bash
# StreamGuard's parts as containers, by docker compose. Sourced after terminal.sh, environment.sh.

compose_images="apache/kafka:4.2.0 postgres:17"
own_image=streamguard:local

compose() { docker compose --project-directory "${root:?}" -f "$root/docker-compose.yaml" "$@"; }

docker_answers() {
  have docker && docker version --format '{{.Server.Version}}' >/dev/null 2>&1 && docker compose version >/dev/null 2>&1
}

compose_runs() { docker_answers && [ -n "$(compose_services status=running)" ] && [ -z "$(compose_services status=restarting)" ]; }

# compose_services FILTER: for example status=running. Without .env compose itself would complain about
# its variables, so docker is asked.
compose_services() {
  docker ps -a --filter "label=com.docker.compose.project=streamguard" --filter "$1" \
    --format '{{.Label "com.docker.compose.service"}}' | sort
}

# `compose up --wait` takes a service that has done its work and ended (migrate) for a failed one.
all_healthy() {
  local healthy service
  healthy=$(compose_services health=healthy | xargs)
  for service in kafka postgres engine consumer "$@"; do
    [[ " $healthy " == *" $service "* ]] || return 1
  done
}

wait_healthy() {
  local until=$((SECONDS + 180))
  while ! all_healthy "$@"; do
    [ $SECONDS -lt $until ] && [ -z "$(compose_services status=restarting)$(compose_services health=unhealthy)" ] || return 1
    sleep 0.5
  done
}

# True where compose can be used: what it needs is there, can be pulled, or can be built.
compose_ready() {
  local image
  docker_answers || return 1
  for image in $compose_images; do
    docker image inspect "$image" >/dev/null 2>&1 && continue
    say "pulling $image"
    docker pull --quiet "$image" || {
      say "Docker answers, but has no $image and cannot pull it: going on without containers"
      return 1
    }
  done
}

# start_compose TPS; fails where the image cannot be built, so that another way can be taken.
start_compose() {
  local postgres_port kafka_port
  say "Docker answers: building StreamGuard's image (the first time takes some minutes)"
  docker build --tag "$own_image" "$root" || {
    say "StreamGuard's image cannot be built: going on without containers"
    return 1
  }
  postgres_port=$(free_port "$(env_keep POSTGRES_PORT 5432)")
  kafka_port=$(free_port "$(env_keep KAFKA_PORT 9092)")
  write_env "$postgres_port" "$kafka_port" "$1"
  local load=(producer)
  [ "$1" != 0 ] || load=()
  { compose up --detach --no-build --scale "producer=${#load[@]}" && wait_healthy "${load[@]}"; } || {
    compose ps -a
    fail "not all services came up" "their words: docker compose logs" "to try again: ./stop.sh --yes, then ./start.sh"
  }
  # What was edited while nothing ran: the engines follow what is published, not the directory.
  compose exec -T engine streamguard rules publish /rules ||
    fail "the rules in $root/rules are not published; those before go on" "what is wrong stands above; mend it and start again"
}

compose_query() { compose exec -T postgres psql -X -q -A -t -U streamguard -d streamguard -c "$1" 2>/dev/null; }

compose_log_tail() { compose logs --tail 20 engine consumer producer; }

compose_follow_log() { compose logs --tail 20 --follow engine consumer producer; }

compose_next_steps() {
  if have psql; then
    say "  psql          (. ./.env && psql \"\$PSQL_URL\")"
  else
    say "  psql          docker compose exec postgres psql -U streamguard streamguard"
  fi
  say "  log           docker compose logs --follow engine consumer producer" \
    "  database      127.0.0.1:$(env_get POSTGRES_PORT)" \
    "  check a rule  docker compose exec engine streamguard rules check /rules" \
    "  Kafka         127.0.0.1:$(env_get KAFKA_PORT)" \
    "  Kafka UI      docker compose --profile ui up --detach kafka-ui; http://127.0.0.1:$(env_get KAFKA_UI_PORT)"
}

stop_compose() {
  docker_answers || return 0
  [ -n "$(compose_services name=.)" ] || return 0
  say "stopping the containers"
  compose_down
}

compose_down() { compose --profile ui down --remove-orphans --timeout 60 "$@"; }

# Containers, volumes and the images that were built here.
remove_compose() {
  docker_answers || return 0
  if [ -n "$(docker volume ls -q --filter label=com.docker.compose.project=streamguard)" ]; then
    compose_down --volumes
  fi
  docker image rm "$own_image" >/dev/null 2>&1 || true
  docker image prune --force --filter label=org.opencontainers.image.title=StreamGuard >/dev/null
}
