#!/usr/bin/env bash
# Puts Apache Kafka's jars under .tools/kafka/libs, where the tests look for them: the broker, its tools,
# Kafka Streams (without RocksDB, 70 MB: the tests keep its state in memory) and the binding that makes the
# broker's log appear. They come from Maven's central repository, by Maven itself, so they are checked against its
# checksums. Does nothing where they are there already.
set -euo pipefail

KAFKA_VERSION=4.2.0
LOG4J_VERSION=2.25.4

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kafka=$root/.tools/kafka
marker=$kafka/libs/.version

write_pom() {
  local dependency='<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n'
  echo '<project><modelVersion>4.0.0</modelVersion><groupId>streamguard</groupId><artifactId>kafka-jars</artifactId>'
  echo '<version>1</version><packaging>pom</packaging><dependencies>'
  # shellcheck disable=SC2059  # the format is the constant above
  printf "$dependency" org.apache.kafka kafka_2.13 "$KAFKA_VERSION" \
    org.apache.kafka kafka-tools "$KAFKA_VERSION" \
    org.apache.kafka kafka-streams "$KAFKA_VERSION" \
    org.apache.logging.log4j log4j-slf4j-impl "$LOG4J_VERSION"
  echo '</dependencies></project>'
}

main() {
  local wanted="kafka and streams $KAFKA_VERSION log4j $LOG4J_VERSION" fresh
  if [ -f "$marker" ] && [ "$(cat "$marker")" = "$wanted" ]; then
    echo "Kafka $KAFKA_VERSION is in $kafka/libs"
    return
  fi
  if ! command -v mvn >/dev/null; then
    echo "install-kafka: Maven is missing (on Debian: apt-get install maven)" >&2
    exit 1
  fi
  mkdir -p "$kafka"
  fresh=$(mktemp -d "$kafka/fresh.XXXXXX")
  # shellcheck disable=SC2064  # this run's directory
  trap "rm -rf '$fresh'" EXIT
  write_pom >"$fresh/pom.xml"
  echo "fetching Kafka $KAFKA_VERSION by Maven"
  mvn -q -B -f "$fresh/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DexcludeArtifactIds=rocksdbjni "-DoutputDirectory=$fresh/libs"
  echo "$wanted" >"$fresh/libs/.version"
  rm -rf "$kafka/libs"
  mv "$fresh/libs" "$kafka/libs"
  echo "Kafka $KAFKA_VERSION is in $kafka/libs"
}

main "$@"
