# questions.sh: the questions of questions.txt, asked of us and of PostgreSQL. Sourced by run.sh.

# Fields of the block named NAME, as shell words would be unreadable: one JSON object.
question() { # NAME
  awk -v name="$1" '
    function flush() { if (field["name"] == name) for (k in field) printf "%s\t%s\n", k, field[k]; split("", field) }
    /^#/ { next }
    /^$/ { flush(); next }
    /^ / { sub(/^ +/, " "); field[last] = field[last] $0; next }
    { last = substr($0, 1, index($0, ":") - 1); field[last] = substr($0, index($0, ":") + 2) }
    END { flush() }' bench/questions.txt | jq -cRn '[inputs | split("\t") | {(.[0]): .[1]}] | add'
}

question_names() { sed -n 's/^name: //p' bench/questions.txt; }

# made SIZE NAME FIELD HOW: the field's text with each line of its values; HOW: ask (percent-encoded) or
# sql (a colon as \x3a, because pgbench takes ":word" for a variable, also inside a text).
made() {
  local block=$(question "$2") values
  values=$(jq -r '.values // empty' <<<"$block")
  { if [ -n "$values" ]; then cat "$scratch/values-$1/$values.tsv"; else echo; fi; } |
    jq -rR --arg text "$(jq -r --arg f "$3" '.[$f]' <<<"$block")" --arg how "$4" 'split("\t") as $v |
      reduce range($v | length) as $i ($text; gsub("\\{\($i)\\}"; $v[$i] |
        if $how == "ask" then @uri | gsub("%2C"; ",") else gsub("\u0027"; "\u0027\u0027") | gsub(":"; "\\x3a") end))'
}

slug() { tr -c 'a-z0-9\n' '-' <<<"${1,,}"; }

# values-SIZE/*.tsv: what the questions are asked with, drawn from the data.
make_values() { # SIZE
  local to=$scratch/values-$1 new=$scratch/values-$1.new
  [ ! -d "$to" ] || return 0
  make_region "$1"
  rm -rf "$new"
  mkdir -p "$new"
  some "$1" Patient 2000 | jq -r '.id as $id | .identifier[] | select(.system | test("snils")) | [$id, .value] | @tsv' | shuf --random-source=<(yes) >"$new/patient.tsv"
  some "$1" Patient 2000 | jq -r '.name[].family[:4]' | sort -u | shuf --random-source=<(yes) >"$new/family.tsv"
  some "$1" Condition 4000 | jq -r '.code.coding[0] | [.system, .code] | @tsv' | sort -u | shuf --random-source=<(yes) >"$new/condition-code.tsv"
  some "$1" Observation 4000 >"$new/observations"
  jq -r '.effectiveDateTime[:10] | [., (. + "T00:00:00Z" | fromdate + 86400 | todate[:10])] | @tsv' "$new/observations" | sort -u | shuf --random-source=<(yes) >"$new/day.tsv"
  jq -r '[.code.coding[0].code, (.effectiveDateTime[:10] | ., (. + "T00:00:00Z" | fromdate + 180 * 86400 | todate[:10]))] | @tsv' "$new/observations" | sort -u | shuf --random-source=<(yes) | head -n 1000 >"$new/code-date.tsv"
  # Units that no other unit of the data can be converted to: hand-made SQL knows no UCUM.
  jq -r '.code.coding[0].code as $code | .valueQuantity | select(. and (.code | IN("kg", "cm", "Cel", "mm/h", "U/L", "kg/m2"))) |
    [$code, .code, .value, ((.value * 10 + 10 | round) / 10)] | @tsv' "$new/observations" | sort -u | shuf --random-source=<(yes) >"$new/quantity.tsv"
  # Bounds that leave about a tenth of all resources, each another one.
  jq -rn 'range(400) | -488000000 + . * 86400 | todate[:10]' >"$new/early.tsv" # born before the middle of 1954, ...
  jq -rn '1748736000 + range(60) * 86400 | [todate[:10], (. + 86400 | todate[:10])] | @tsv' >"$new/late.tsv" # since June 2025, ...
  cut -f 1 "$new/patient.tsv" | awk '{ line = line (line ? "," : "") $1; if (NR % 113 == 0) { print line; line = "" } }' >"$new/patients113.tsv"
  # As many codes as there are, and others that nobody has.
  jq -r '.code.coding[0].code' "$new/observations" | sort -u >"$new/codes"
  awk '{ code[NR] = $1 } END { for (line = 1; line <= 20; line++) { n = 0; for (i = 1; i <= NR && n < 113; i++) if (i % 20 != line % 20) printf "%s%s", n++ ? "," : "", code[i]
    for (i = 1; n < 113; i++) { printf ",none-%d", line * 1000 + i; n++ } print "" } }' "$new/codes" >"$new/codes113.tsv"
  rm "$new/observations" "$new/codes"
  mv "$new" "$to"
}

# ---- ours ----

ask_ours() { # SIZE NAME
  local ways=" $(question "$2" | jq -r .ways) " seconds=${ROUND_SECONDS:-2} file=$scratch/asked.txt once=(-k)
  made "$1" "$2" ask ask | sed 's|^|/fhir/|' >"$file"
  [ "$(wc -l <"$file")" -gt 1 ] || once=(-s "$seconds")
  # What a page has found is kept for its total: the two ask different questions.
  awk 'NR % 2 || NR == 1' "$file" | head -n 1000 >"$scratch/odd.txt"
  awk 'NR % 2 == 0 || NR == 1' "$file" | head -n 1000 | sed 's/$/\&_summary=count/' >"$scratch/even.txt"
  case $ways in *" rate "*) load_row question "$2, rate, $1" -c 64 -s "$seconds" -p "$file" ;; esac
  case $ways in *" one "*) load_row question "$2, one, $1" -c 1 "${once[@]}" -p "$scratch/odd.txt" ;; esac
  case $ways in *" count "*) load_row question "$2, count, $1" -c 1 "${once[@]}" -p "$scratch/even.txt" ;; esac
}

# deep SIZE NAME PAGE: the same page again and again, its cursor found by following the links.
ask_deep() {
  local path="/fhir/$(made "$1" "$2" ask ask)" page=$3 total turns i
  total=$(curl -gsS "http://$address$path&_summary=count" | jq .total)
  [ $((page * 50)) -lt "$total" ] || page=$((total / 50 - 1))
  turns=$(((page - 1) / 20)) # in pages of 1,000
  path="$path&_count=1000&_elements=id"
  for ((i = 0; i < turns; i++)); do
    path=$(curl -gsS "http://$address$path" | jq -r '.link[] | select(.relation == "next").url' | sed 's|^http://[^/]*||')
    [ -n "$path" ] || { fail "$2: no page behind page $((i * 20))"; return 1; }
  done
  path=$(sed 's/&_elements=id//; s/_count=1000/_count=50/' <<<"$path")
  load_row question "$2, page $((turns * 20 + 1)), $1" -c 1 -s "${ROUND_SECONDS:-2}" -g "$path"
  record question "$2, deep page, $1" "$(jq -c --arg what "$2, page $((turns * 20 + 1)), $1" --argjson page $((turns * 20 + 1)) 'select(.row == "question" and .what == $what) | del(.row, .what) + {page: $page}' "$results")"
}

# Row "question", of one size.
measure_questions() { # SIZE
  local name
  make_values "$1"
  start_server "$scratch/store-$1" || return 1
  while read -r name <&9; do ask_ours "$1" "$name"; done 9< <(question_names)
  ask_deep "$1" "_sort=-date" 10000
  ask_deep "$1" "_sort=-date of all Observations" 10000
  stop_server
}
