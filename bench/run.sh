#!/bin/bash
# run.sh: measures Zdravo against references on this machine; `make bench` runs it.
#
#   bench/run.sh [PART...]     parts, in order: import process reads searches counts questions everything
#                              indexing export engines questions-postgres small beside growth bundles
#                              restart postgres (default: all)
#
# SIZE=quick 100,000 resources; SIZE=short (default) up to a million, about 15 minutes and 6 GB;
# SIZE=full up to ten million, about an hour and 30 GB. KEEP=1 leaves the scratch folder.
# PG_SIZE=1m asks PostgreSQL the questions of search in a smaller store than ours (default: the same size).
# Writes build/bench/results.ndjson (every figure), report.md (the table) and growth.svg (the plot).
# Figures of earlier runs stay until they are measured again. Loopback only; stops only what it started.
set -u
cd "$(dirname "$0")/.."
out=$(realpath -m "${OUT:-build/bench}")
bin=${BIN:-build/release}
shared=$(realpath -m "${ZD_SHARED:-../shared}")
zdravo=$bin/zdravo programs=$bin/bench
mkdir -p "$out/logs" "$out/scratch"
. tools/step.sh
. bench/harness.sh
. bench/data.sh
. bench/bulk.sh
. bench/asking.sh
. bench/questions.sh
. bench/everything.sh
. bench/indexing.sh
. bench/writing.sh
. bench/process.sh
. bench/postgres.sh
. bench/questions_postgres.sh
. bench/growth.sh

case ${SIZE:-short} in
  quick) sizes=(100k) ;;
  short) sizes=(100k 1m) ;;
  full) sizes=(100k 1m 10m) ;;
  *) echo "SIZE is quick, short or full" >&2; exit 2 ;;
esac
main=${sizes[-1]}

missing_packages() {
  local package
  for package in $(sed -e 's/#.*//' -e 's/[[:space:]].*//' -e '/^$/d' bench/packages.txt); do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
  done
}

# The cluster that Debian's package would start on its port is not wanted.
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  apt-cache show "$@" >/dev/null 2>&1 || apt-get update
  apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
}

prepare() {
  local missing=$(missing_packages)
  if [ -n "$missing" ] && [ "$(id -u)" -eq 0 ]; then
    # shellcheck disable=SC2086
    step "packages of the benchmarks" "$out/logs/apt.log" install_packages $missing
    missing=$(missing_packages)
  fi
  [ -z "$missing" ] || say "without these packages some references are left out: $missing"
  if [ -z "${BIN:-}" ]; then
    cmake --preset release >"$out/logs/cmake.log" || exit 1 # finds a library that came just now
    step "build release" "$out/logs/build.log" tools/build.sh release zdravo load syncrate coldstart engines unindexed || exit 1
  fi
}

describe_machine() {
  record machine this "$(jq -cn --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --argjson cores "$(nproc)" \
    --arg kernel "$(uname -sr)" --argjson ram "$(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
    --arg disk "$(df -PT "$out" | awk 'NR == 2 { print $2 " on " $1 }')" --arg load "$(cut -d ' ' -f 1-3 /proc/loadavg)" --arg date "$(date -u +%F)" \
    --arg commit "$(git rev-parse --short HEAD 2>/dev/null)" --arg main "$main" \
    '{cpu: $cpu, cores: $cores, kernel: $kernel, ram_mb: $ram, disk: $disk, load: $load, date: $date, commit: $commit, main: $main}')"
}

measure_engines() {
  local engine
  for engine in zdravo rocksdb; do
    rm -rf "$scratch/engine"
    answer=$("$programs/engines" "$engine" "$scratch/engine" "${ENGINE_RESOURCES:-200000}" 2>>"$out/logs/engines.log") &&
      record engines "$engine" "$answer" || fail "engines $engine (see $out/logs/engines.log)"
    rm -rf "$scratch/engine"
  done
}

stop_all() {
  stop_server
  stop_nginx
  stop_postgres
}

run_part() {
  local size
  case $1 in
    import)
      for size in "${sizes[@]}"; do
        say "region of $size resources: generate, import, compact"
        measure_import "$size" && measure_disk "$size" && make_queries "$size"
      done
      measure_compressors ;;
    process) for size in "${sizes[@]}"; do measure_process "$size"; done ;;
    reads) measure_reads "$main" ;;
    searches) measure_searches "$main" ;;
    counts) for size in "${sizes[@]}"; do measure_counts "$size"; done ;;
    questions)
      for size in $(printf '%s\n' "$main" "${PG_SIZE:-$main}" | sort -u); do measure_questions "$size"; done ;;
    everything) measure_everything "$main" ;;
    indexing) measure_indexing "$main" ;;
    export) measure_export "$main" ;;
    engines) measure_engines ;;
    small) measure_small "$main" ;;
    beside) measure_beside "$main" ;;
    bundles) measure_bundles ;;
    restart) measure_restart "$main" ;;
    postgres) measure_postgres ;;
    questions-postgres) measure_questions_postgres "${PG_SIZE:-$main}" ;;
    growth) for size in "${sizes[@]}"; do measure_growth "$size"; done ;;
    *) echo "no part is named $1" >&2; return 1 ;;
  esac
}

trap 'stop_all; exit 130' INT TERM
prepare
for program in "$zdravo" "$programs"/{load,syncrate,coldstart,engines,unindexed}; do
  [ -x "$program" ] || { echo "$program was not built (see $out/logs)" >&2; exit 1; }
done
[ "$(room_left_mb)" -gt $([ "$main" = 10m ] && echo 30000 || echo 6000) ] || { echo "too little room on the disk of $out" >&2; exit 1; }
describe_machine
for part in ${*:-import process reads searches counts questions everything indexing export engines questions-postgres small beside growth bundles restart postgres}; do
  say "== $part"
  run_part "$part"
  stop_all
done
bench/report.sh "$results" >"$out/report.md"
bench/report_questions.sh "$results" >>"$out/report.md"
bench/plot.sh "$results" >"$out/growth.svg"
[ -n "${QUIET:-}" ] || cat "$out/report.md"
[ -n "${KEEP:-}" ] || rm -rf "$scratch"
