# shellcheck shell=bash
# .env: the generated passwords, the two databases' URLs and Kafka's address, for the processes that
# start.sh starts, for docker compose and for a person's shell. Sourced after terminal.sh, with `root` set.
#
# It is written whole, mode 600, and keeps the passwords and ports that it had.

env_file=${root:?}/.env

# The logins that scripts/logins.sql makes; a person in psql is the reader, and an analyst.
OWNER_LOGIN=streamguard_migrator
WRITER_LOGIN=streamguard_consumer
READER_LOGIN=streamguard

# env_get NAME: its value in .env, empty where there is none.
env_get() { [ ! -f "$env_file" ] || sed -n "s/^$1=//p" "$env_file" | head -n 1; }

# env_keep NAME DEFAULT: its value in .env, else DEFAULT.
env_keep() {
  local value
  value=$(env_get "$1")
  printf '%s\n' "${value:-$2}"
}

new_password() { od -An -N18 -tx1 /dev/urandom | tr -d ' \n'; }

# port_free PORT: nobody answers on it on this machine.
port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port FROM: the first port that nobody answers on.
free_port() {
  local port=$1
  until port_free "$port"; do
    port=$((port + 1))
    [ $port -le 65535 ] || return 1
  done
  printf '%s\n' "$port"
}

# write_env POSTGRES_PORT KAFKA_PORT TPS
write_env() {
  local owner writer reader superuser base=@127.0.0.1:$1/streamguard fresh=$env_file.new
  owner=$(env_keep OWNER_PASSWORD "$(new_password)")
  writer=$(env_keep WRITER_PASSWORD "$(new_password)")
  reader=$(env_keep READER_PASSWORD "$(new_password)")
  superuser=$(env_keep POSTGRES_PASSWORD "$(new_password)")
  rm -f "$fresh"
  (
    umask 077
    cat >"$fresh" <<END
# Made by start.sh; passwords in it are of this machine's databases. Keep it out of version control.
# In a shell: set -a; . ./.env; set +a; psql "\$PSQL_URL"
DATABASE_URL=postgres://$WRITER_LOGIN:$writer$base
DATABASE_OWNER_URL=postgres://$OWNER_LOGIN:$owner$base
PSQL_URL=postgres://$READER_LOGIN:$reader$base
DATABASE_ANALYST_URL=postgres://$READER_LOGIN:$reader$base
STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$2
POSTGRES_PORT=$1
KAFKA_PORT=$2
KAFKA_UI_PORT=$(env_keep KAFKA_UI_PORT 8080)
LOAD_TPS=$3
OWNER_PASSWORD=$owner
WRITER_PASSWORD=$writer
READER_PASSWORD=$reader
POSTGRES_PASSWORD=$superuser
END
  )
  mv "$fresh" "$env_file"
}
