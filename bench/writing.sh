# writing.sh: small durable writes, alone and beside a huge one; the disk's own pace. Sourced by run.sh.

measure_disk_pace() { record sync "4 KiB appends" "$("$programs/syncrate" "$scratch/syncrate" 2)"; }

# Row "small": the disk's pace before and after, because it is the measure of the goal.
measure_small() { # SIZE
  make_small_writes
  measure_disk_pace
  record small "disk before" "$("$programs/syncrate" "$scratch/syncrate" 2)"
  start_server "$scratch/store-$1"
  load_row small "warm up" -c 128 -s 1 -b "$scratch/small.ndjson" -u /fhir
  load_row small "zdravo, 128 connections" -c 128 -s 5 -b "$scratch/small.ndjson" -u /fhir
  load_row small "zdravo, 8 connections" -c 8 -s 2 -b "$scratch/small.ndjson" -u /fhir
  load_row small "zdravo, 1 connection" -c 1 -s 2 -b "$scratch/small.ndjson" -u /fhir
  stop_server
  record small "disk after" "$("$programs/syncrate" "$scratch/syncrate" 2)"
}

# Row "beside": small writes while the transaction of 25,000 entries is worked on.
measure_beside() { # SIZE
  local round loader took=0 began
  make_small_writes
  make_big_transaction
  start_server "$scratch/store-$1"
  if [ -e "$scratch/nine.json" ]; then
    curl -sS -o "$scratch/nine.answer" -H 'Content-Type: application/fhir+json' --data-binary "@$scratch/nine.json" "http://$address/fhir"
    jq -e '.resourceType == "Bundle"' "$scratch/nine.answer" >/dev/null || fail "the nine: $(head -c 300 "$scratch/nine.answer")"
  fi
  load_row beside "small writes alone" -c 8 -s 5 -e 201 -b "$scratch/patients.ndjson" -u /fhir/Patient
  "$programs/load" -a "$address" -c 8 -s 120 -e 201 -b "$scratch/patients.ndjson" -u /fhir/Patient >"$scratch/beside.json" 2>>"$out/logs/load.log" &
  loader=$!
  for round in 1 2 3; do
    began=$(now_ms)
    curl -sS -o "$scratch/big.answer" -H 'Content-Type: application/fhir+json' -H 'Prefer: return=minimal' --data-binary "@$scratch/big.json" "http://$address/fhir"
    took=$((took + $(now_ms) - began))
    jq -e '.entry | length == 25000' "$scratch/big.answer" >/dev/null || { fail "25,000 entries: $(head -c 300 "$scratch/big.answer")"; took=; break; }
  done
  kill -TERM $loader
  wait $loader || fail "small writes beside the big transaction: $(tail -n 2 "$out/logs/load.log")"
  stop_server
  [ -n "$took" ] || return 1
  record beside "small writes beside 25,000 entries" "$(jq -c . "$scratch/beside.json")"
  record beside "25,000 entries, one of three" "{\"ms\":$((took / 3)),\"rate\":$((25000 * 3 * 1000 / took))}"
}
