# process.sh: memory, start, restart after kill -9. Sourced by run.sh.

memory_of() { # PROCESS: its memory in MB, as JSON
  awk '/^(Rss|Pss|Anonymous):/ { kb[$1] = $2 } END {
    printf "{\"mb\":%.1f,\"pss_mb\":%.1f,\"anonymous_mb\":%.1f}\n", kb["Rss:"] / 1024, kb["Pss:"] / 1024, kb["Anonymous:"] / 1024 }' "/proc/$1/smaps_rollup"
}

measure_process() { # SIZE
  local store=$scratch/store-$1 i
  for i in 1 2 3 4 5; do "$programs/coldstart" "$zdravo" "$store"; done >"$scratch/starts"
  record process "cold start, $1" "$(jq -cs 'map(.ms) | sort | {ms: .[length / 2 | floor], lowest: .[0], highest: .[-1]}' "$scratch/starts")"
  start_server "$store"
  curl -sS -o "$scratch/answer" "http://$address/fhir/Patient?_count=1"
  sleep 2
  record process "idle memory, $1" "$(memory_of "$server")"
  "$programs/load" -a "$address" -c 64 -s 2 -p "$scratch/queries-$1/read.txt" >"$scratch/answer"
  "$programs/load" -a "$address" -c 64 -s 2 -p "$scratch/queries-$1/reference.txt" >"$scratch/answer"
  sleep 2
  record process "memory after 4 s of reads and searches, $1" "$(memory_of "$server")"
  stop_server
}

# Killed in the middle of writing, three times; every start must find the store whole.
measure_restart() { # SIZE
  local store=$scratch/store-$1 i loader
  make_small_writes
  for i in 1 2 3; do
    start_server "$store"
    "$programs/load" -a "$address" -c 128 -s 30 -b "$scratch/small.ndjson" -u /fhir >"$scratch/answer" 2>>"$out/logs/load.log" &
    loader=$!
    sleep 3
    kill -KILL "$server"
    wait "$server" 2>/dev/null
    server=
    wait $loader
    "$programs/coldstart" "$zdravo" "$store" || fail "no start after kill -9"
  done >"$scratch/starts"
  record process "restart after kill -9, $1" "$(jq -cs 'map(.ms) | sort | {ms: .[length / 2 | floor], lowest: .[0], highest: .[-1]}' "$scratch/starts")"
}
