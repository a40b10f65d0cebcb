# indexing.sh: what indexing adds to an import. Sourced by run.sh.

# Row "indexing": the same import with and without index entries, in turn; the fastest of three counts.
measure_indexing() { # SIZE
  local n program round
  make_region "$1"
  n=$(region_count "$1")
  cat "$scratch/region-$1"/*.ndjson >/dev/null
  for round in 1 2 3; do
    for program in "$zdravo" "$programs/unindexed"; do
      rm -rf "$scratch/indexing"
      timed "$program" import "$scratch/region-$1" --data "$scratch/indexing" --quiet --report "$out/logs/import-errors.ndjson" >"$out/logs/import.log" 2>&1 ||
        { fail "import: $(tail -n 1 "$out/logs/import.log")"; return 1; }
      better indexing "${program##*/}" "$n"
      [ "${program##*/}" = zdravo ] || continue
      record indexing "bytes of the index" "{\"bytes_each\":$(each "$(cat "$scratch/indexing"/index/* 2>/dev/null | wc -c)" "$n")}"
    done
  done
  rm -rf "$scratch/indexing"
}
