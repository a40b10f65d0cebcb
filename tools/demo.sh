#!/bin/bash
# demo.sh: a synthetic region, loaded and served; prints a few questions with their real answers.
#
# RESIDENTS (1000), SEED (1), PORT (8080) may be set. Everything lies in data/demo-SEED-RESIDENTS and
# is used again the next time: generating is skipped when done, importing the same changes nothing.
# Ctrl-C stops the server, which ends running requests and closes its store.
set -eu
cd "$(dirname "$0")/.."
residents=${RESIDENTS:-1000} seed=${SEED:-1} port=${PORT:-8080}
folder=data/demo-$seed-$residents
base=http://127.0.0.1:$port
zdravo=build/zdravo

if curl -s -o /dev/null --max-time 1 "$base/"; then
  echo "demo: something answers on $base already; stop it, or: PORT=8090 make demo" >&2
  exit 1
fi
mkdir -p "$folder"
if [ ! -e "$folder/region.done" ]; then
  echo "== generating a region of $residents residents (seed $seed)"
  rm -rf "$folder/region"
  $zdravo generate --seed "$seed" --residents "$residents" --out "$folder/region"
  touch "$folder/region.done"
fi
echo "== loading it into $folder/store"
$zdravo import "$folder/region" --data "$folder/store" --report "$folder/import-errors.ndjson"
$zdravo stats --data "$folder/store" | grep -v '^  ' # the types were named while generating

ask() { # PATH [JQ FILTER]: a request as one would type it, and its real answer, cut to a few lines
  local filter=${2:-.}
  printf "\n$ curl -s '%s%s' | jq -c '%s'\n" "$base" "$1" "$filter"
  curl -sS "$base$1" | jq -c "$filter" 2>&1 | head -n 6 |
    jq -Rr 'if length > 160 then .[:159] + "…" else . end'
}

tour() { # SERVER PID
  # The server must live, so that it is not somebody else's on this port who answers.
  until sleep 0.3 && { kill -0 "$1" 2>/dev/null || return 0; } && curl -sf -o /dev/null "$base/health/ready"; do :; done
  printf '\n== serving %s/fhir; some questions to try:\n' "$base"
  ask "/fhir/Patient?_summary=count" .total
  ask "/fhir/Patient?_count=3" '.entry[].resource | {id, birthDate, family: .name[0].family, given: .name[0].given}'
  local patient
  patient=$(curl -sS "$base/fhir/Patient?_count=1" | jq -r '.entry[0].resource.id')
  ask "/fhir/Patient/$patient" '{resourceType, id, gender, birthDate, version: .meta.versionId, lastUpdated: .meta.lastUpdated}'
  ask "/fhir/Observation?patient=$patient&code=8310-5&_count=3" '.entry[]?.resource | {when: .effectiveDateTime, what: .code.coding[0].code, value: .valueQuantity.value, unit: .valueQuantity.unit}'
  ask "/fhir/Condition?code=I10&_summary=count" .total
  ask "/fhir/Patient/$patient/_history" '.entry[] | {fullUrl, status: .response.status}'
  ask "/fhir/Patient?nonsense=1" '.issue[] | {severity, code, diagnostics}'
  printf '\n== the start page: %s/   Ctrl-C stops the server.\n' "$base"
}

tour $$ &
exec $zdravo serve --data "$folder/store" --listen "127.0.0.1:$port" --log-level warn
