# bulk.sh: import, disk, export, whole bundles. Sourced by run.sh.

# Row "import", and the stores that everything else is measured on.
measure_import() { # SIZE
  local n store=$scratch/store-$1 syncs before got
  make_region "$1"
  n=$(region_count "$1")
  rm -rf "$store"
  cat "$scratch/region-$1"/*.ndjson >/dev/null # import is measured, not the reading of a cold disk
  timed "$zdravo" import "$scratch/region-$1" --data "$store" --quiet --report "$out/logs/import-errors.ndjson" >"$out/logs/import.log" 2>&1 ||
    { fail "import: $(tail -n 1 "$out/logs/import.log")"; return 1; }
  record import "zdravo, $1" "$(jq -cn --argjson n "$n" --argjson ms $wall_ms --argjson cpu $cpu_ms \
    '{resources: $n, ms: $ms, rate: ($n * 1000 / $ms), cpu_us: ($cpu * 1000 / $n)}')"
  # What import has acknowledged is there to be found, by the very next question.
  start_server "$store"
  before=$(tail -qn 1 "$scratch/region-$1"/Observation-*.ndjson | tail -n 1 | jq -r .id)
  got=$(curl -sS "http://$address/fhir/Observation?_id=$before" | jq '.entry | length')
  [ "$got" = 1 ] || fail "import: Observation $before is not found after import"
  got=$(curl -sS "http://$address/fhir/Observation?_summary=count" | jq .total)
  stop_server
  syncs=$(cat "$scratch/region-$1"/Observation-*.ndjson | wc -l)
  [ "$got" = "$syncs" ] || fail "import: $got Observations counted, $syncs imported"
  record import "found at once, $1" "{\"observations\":$got,\"expected\":$syncs}"
}

measure_disk() { # SIZE: of the freshly imported store
  local n=$(region_count "$1") store=$scratch/store-$1 raw=$(region_bytes "$1")
  record disk "zdravo before compaction, $1" "{\"bytes_each\":$(each "$(bytes_in "$store")" "$n")}"
  timed "$zdravo" compact --data "$store" --quiet >"$out/logs/compact.log" 2>&1 || fail compact
  record disk "zdravo, $1" "{\"bytes_each\":$(each "$(bytes_in "$store")" "$n"),\"compaction_ms\":$wall_ms}"
  record disk "raw JSON, $1" "{\"bytes_each\":$(each "$raw" "$n")}"
}

each() { awk -v all="$1" -v n="$2" 'BEGIN { printf "%.1f", all / n }'; }

# What general compressors make of the same bytes, a file a resource type (the 100k region is enough).
measure_compressors() {
  local n=$(region_count 100k) bytes
  bytes=$(for f in "$scratch"/region-100k/*.ndjson; do gzip -6 -c "$f" | wc -c; done | awk '{ n += $1 } END { print n }')
  record disk "gzip -6" "{\"bytes_each\":$(each "$bytes" "$n")}"
  bytes=$(for f in "$scratch"/region-100k/*.ndjson; do zstd -3 -q -c "$f" | wc -c; done | awk '{ n += $1 } END { print n }')
  record disk "zstd -3" "{\"bytes_each\":$(each "$bytes" "$n")}"
}

measure_export() { # SIZE
  local n=$(region_count "$1") bytes round
  for round in 1 2 3; do
    rm -rf "$scratch/export"
    timed "$zdravo" export --data "$scratch/store-$1" --out "$scratch/export" --quiet >"$out/logs/export.log" 2>&1 ||
      { fail "export: $(tail -n 1 "$out/logs/export.log")"; return 1; }
    better export "zdravo" "$n"
    bytes=$(cat "$scratch"/export/*.ndjson | wc -c)
    timed sh -c 'cat "$1"/*.ndjson >"$2"' sh "$scratch/export" "$scratch/export.copy"
    better export "cat to a file" "$n"
    timed sh -c 'cat "$1"/*.ndjson >/dev/null' sh "$scratch/export"
    better export "cat to nowhere" "$n"
    rm -f "$scratch/export.copy"
    [ "$wall_ms" -lt 20000 ] || break
  done
  [ "$(cat "$scratch"/export/*.ndjson | wc -l)" = "$n" ] || fail "export: not $n lines"
  record export bytes "{\"bytes_each\":$(each "$bytes" "$n")}"
  rm -rf "$scratch/export"
}

# better ROW WHAT N: of several rounds the fastest is kept: what slows one down is somebody else's work.
better() {
  local old=$(figure "$1" "$2" ms)
  if [ "${round:-1}" = 1 ] || [ -z "$old" ] || [ "$wall_ms" -lt "${old%.*}" ]; then
    record "$1" "$2" "$(jq -cn --argjson n "$3" --argjson ms "$wall_ms" --argjson cpu "$cpu_ms" \
      '{resources: $n, ms: $ms, rate: ($n * 1000 / $ms), cpu_us: ($cpu * 1000 / $n)}')"
  fi
}

# Whole bundles, imported into an empty store and posted to an empty server.
measure_bundles() {
  local n posts answer round began
  find_bundles
  make_bundle_lines
  n=$(cat "$scratch/bundles.entries")
  posts=$(wc -l <"$scratch/bundles.ndjson")
  for round in 1 2 3; do
    rm -rf "$scratch/store-bundles"
    timed "$zdravo" import "$scratch/bundles.ndjson" --data "$scratch/store-bundles" --quiet --report "$out/logs/bundle-errors.ndjson" >"$out/logs/import.log" 2>&1 ||
      { fail "import of bundles: $(tail -n 1 "$out/logs/import.log")"; return 1; }
    better bundles "zdravo import" "$n"
  done
  rm -rf "$scratch/store-bundles"
  start_server "$scratch/store-bundles"
  for round in 1 2 3; do
    before=$(cpu_us "$server")
    began=$(now_ms)
    answer=$("$programs/load" -a "$address" -c 8 -b "$scratch/bundles.ndjson" -u /fhir -k 2>>"$out/logs/load.log") ||
      { fail "posting bundles: $(tail -n 2 "$out/logs/load.log" | cut -c1-300)"; return 1; }
    wall_ms=$(($(now_ms) - began))
    cpu_ms=$((($(cpu_us "$server") - before) / 1000))
    better bundles "zdravo over HTTP" "$n"
  done
  stop_server
  record bundles "of one" "$(jq -c --argjson n "$n" --argjson posts "$posts" '. + {entries: $n, bundles: $posts}' <<<"$answer")"
  rm -rf "$scratch/store-bundles"
}
