# growth.sh: what the same work costs in stores of different size. Sourced by run.sh.

# Of one freshly imported and compacted store. Writes to it, so it is the last that is done with it.
measure_growth() { # SIZE
  local store=$scratch/store-$1 n=$(region_count "$1") q=$scratch/queries-$1 before
  find_bundles
  make_bundle_lines
  make_small_writes
  start_server "$store"
  load_row growth "read, $1" -c 64 -s 2 -p "$q/read.txt"
  load_row growth "search, one connection, $1" -c 1 -s 2 -p "$(with_count "$q/reference.txt" 10)"
  load_row growth "search, $1" -c 64 -s 2 -p "$(with_count "$q/reference.txt" 10)"
  load_row growth "small write, $1" -c 64 -s 3 -b "$scratch/small.ndjson" -u /fhir
  stop_server
  timed "$zdravo" import "$scratch/bundles.ndjson" --data "$store" --quiet --report "$out/logs/bundle-errors.ndjson" >"$out/logs/import.log" 2>&1 || fail "import into $1"
  before=$(cat "$scratch/bundles.entries")
  record growth "import of bundles into it, $1" "$(jq -cn --argjson n "$before" --argjson ms $wall_ms --argjson cpu $cpu_ms \
    '{resources: $n, ms: $ms, rate: ($n * 1000 / $ms), cpu_us: ($cpu * 1000 / $n)}')"
  record growth "size, $1" "{\"resources\":$n}"
}
