#!/usr/bin/env bash
# Builds and runs the benchmarks; arguments go to JMH (a regular expression of names, -t 2, -f 1, …; -h lists them).
set -euo pipefail
bench=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(readlink -f "$bench/../..")
(cd "$root" && mvn -B -q package -Dmaven.test.skip=true -pl runtime/bench -am)
java=java
for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
  if [[ -n $home && -r $home/release ]] && grep -q '^JAVA_VERSION="25' "$home/release"; then
    java=$home/bin/java
    break
  fi
done
exec "$java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -cp "$bench/target/classes:$bench/target/lib/*" org.openjdk.jmh.Main "$@"
