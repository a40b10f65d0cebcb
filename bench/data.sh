# data.sh: what is measured with: regions, bundles, queries. Sourced by run.sh.
#
# Everything lies in $scratch and is made once. A resident is about 152 resources.

declare -A residents=([100k]=656 [1m]=6560 [10m]=65600)

make_region() { # SIZE
  local folder=$scratch/region-$1
  [ ! -e "$folder.done" ] || return 0
  rm -rf "$folder"
  "$zdravo" generate --seed 1 --residents "${residents[$1]}" --out "$folder" --quiet >"$out/logs/generate.log"
  cat "$folder"/*.ndjson | wc -lc | awk '{ print $1, $2 }' >"$folder.done"
}

region_count() { cut -d ' ' -f 1 "$scratch/region-$1.done"; }
region_bytes() { cut -d ' ' -f 2 "$scratch/region-$1.done"; }

# The folder of Synthea bundles when there is one, else bundles of our own making.
find_bundles() {
  bundles=$shared/data/synthea/bundles
  if [ ! -d "$bundles" ]; then
    bundles=$scratch/bundles
    [ -d "$bundles" ] || "$zdravo" generate --seed 2 --residents 300 --format bundles --out "$bundles" --quiet >"$out/logs/generate.log"
  fi
}

# bundles.ndjson: a transaction a line (a line break is never inside a JSON string, so it may go).
make_bundle_lines() {
  local file
  [ ! -e "$scratch/bundles.ndjson" ] || return 0
  if ls "$bundles"/*.ndjson >/dev/null 2>&1; then
    cat "$bundles"/*.ndjson
  else
    for file in "$bundles"/*.json; do tr -d '\r\n' <"$file"; echo; done
  fi | grep -E '"type": ?"transaction"' >"$scratch/bundles.new"
  jq -c '.entry | length' "$scratch/bundles.new" | awk '{ n += $1 } END { print n }' >"$scratch/bundles.entries"
  mv "$scratch/bundles.new" "$scratch/bundles.ndjson"
}

# small.ndjson: transactions of one Patient and one Observation of it. patients.ndjson: Patients.
make_small_writes() {
  [ ! -e "$scratch/small.ndjson" ] || return 0
  awk -v patients="$scratch/patients.ndjson" 'BEGIN { for (i = 1; i <= 20000; i++) {
    patient = sprintf("{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:example:bench\",\"value\":\"%d\"}],\"name\":[{\"family\":\"Family%d\",\"given\":[\"Given%d\"]}],\"gender\":\"female\",\"birthDate\":\"%d-%02d-%02d\"}", i, i % 997, i % 89, 1930 + i % 90, 1 + i % 12, 1 + i % 28)
    uuid = sprintf("urn:uuid:00000000-0000-4000-8000-%012d", i)
    observation = sprintf("{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8310-5\"}]},\"subject\":{\"reference\":\"%s\"},\"effectiveDateTime\":\"2025-%02d-%02dT10:%02d:00Z\",\"valueQuantity\":{\"value\":%d.%d,\"unit\":\"Cel\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"Cel\"}}", uuid, 1 + i % 12, 1 + i % 28, i % 60, 36 + i % 3, i % 10)
    print patient >patients
    printf "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"fullUrl\":\"%s\",\"resource\":%s,\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}},{\"resource\":%s,\"request\":{\"method\":\"POST\",\"url\":\"Observation\"}}]}\n", uuid, patient, observation
  } }' >"$scratch/small.new"
  mv "$scratch/small.new" "$scratch/small.ndjson"
}

# big.json: the transaction of 25,000 entries; nine.json: the resources its references look for.
make_big_transaction() {
  local given=$shared/data/synthea/transaction-25000-entries.json
  [ ! -e "$scratch/big.json" ] || return 0
  if [ -e "$given" ]; then
    jq -cn 'def entry($type; $system; $value): {resource: {resourceType: $type, identifier: [{system: $system, value: $value}]},
        request: {method: "POST", url: $type, ifNoneExist: "identifier=\($system)|\($value)"}};
      "https://github.com/synthetichealth/synthea" as $s |
      {resourceType: "Bundle", type: "transaction", entry: [
        (("9999999619", "9999906509", "9999984519") | entry("Practitioner"; "http://hl7.org/fhir/sid/us-npi"; .)),
        (("24cb4eab-6166-3530-bddc-a5a8a14a4fc1", "b06770b5-b695-3c1a-9685-ae2223966ff7",
          "d521fff1-507b-3f0c-b3d4-5ae2650e1e9b") | entry("Organization"; $s; .)),
        (("e7defd99-1c69-307b-9e99-5bb405c3bd7d", "069940a6-dba4-3f95-9915-3fac8c83e85c",
          "64a0ab02-5070-3764-9a31-4736cd91fce8") | entry("Location"; $s; .))]}' >"$scratch/nine.json"
    ln -sf "$given" "$scratch/big.json"
  else
    head -q -n 25000 "$scratch"/region-100k/Observation-*.ndjson | head -n 25000 |
      jq -c 'del(.id) | {resource: ., request: {method: "POST", url: .resourceType}}' |
      jq -cs '{resourceType: "Bundle", type: "transaction", entry: .}' >"$scratch/big.new"
    mv "$scratch/big.new" "$scratch/big.json"
  fi
}

some() { # SIZE TYPE N: about so many lines of a region, from twenty places of every file
  local file i bytes files=("$scratch/region-$1/$2"-*.ndjson)
  local each=$(($3 / (20 * ${#files[@]}) + 1))
  for file in "${files[@]}"; do
    bytes=$(stat -c %s "$file")
    for i in {0..19}; do
      tail -c "+$((bytes * i / 20 + 1))" "$file" 2>/dev/null | head -n $((each + 1)) | tail -n +2
    done
  done | awk '!seen[$0]++' | grep '}$'
}

# queries-SIZE/*.txt: many different questions of each kind, their values drawn from the data.
make_queries() { # SIZE
  local q=$scratch/queries-$1
  [ ! -d "$q" ] || return 0
  mkdir -p "$q.new"
  some "$1" Patient 2000 | jq -r '.identifier[] | select(.system | test("snils")) | "/fhir/Patient?identifier=\(.system | @uri)%7C\(.value | @uri)"' >"$q.new/token.txt"
  { some "$1" Condition 2000 | jq -r '"/fhir/Condition?code=\(.code.coding[0].code | @uri)"'
    some "$1" Observation 2000 | jq -r '"/fhir/Observation?code=\(.code.coding[0].code | @uri)"'; } | sort -u | shuf --random-source=<(yes) >"$q.new/code.txt"
  some "$1" Patient 2000 | jq -r '"/fhir/Observation?patient=\(.id)"' >"$q.new/reference.txt"
  { some "$1" Patient 1000 | jq -r '"/fhir/Patient?birthdate=\(.birthDate)"'
    some "$1" Encounter 1000 | jq -r '"/fhir/Encounter?date=\(.period.start[:10])"'; } | shuf --random-source=<(yes) >"$q.new/date.txt"
  some "$1" Patient 2000 | jq -r '"/fhir/Patient?family=\(.name[0].family | @uri)", "/fhir/Patient?given=\(.name[0].given[0] | @uri)"' | sort -u | shuf --random-source=<(yes) >"$q.new/string.txt"
  for kind in Patient Observation Encounter Condition MedicationRequest; do
    some "$1" $kind 400 | jq -r '"/fhir/\(.resourceType)/\(.id)"'
  done | shuf --random-source=<(yes) >"$q.new/read.txt"
  for kind in token reference; do shuf --random-source=<(yes) -o "$q.new/$kind.txt" "$q.new/$kind.txt"; done
  mv "$q.new" "$q"
}
