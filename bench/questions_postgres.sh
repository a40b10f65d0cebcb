# questions_postgres.sh: the questions of questions.txt asked of PostgreSQL, and the answers compared.
# Sourced by run.sh. Tables and indexes, an index for exactly each question, are in questions.sql.

pg_tables="patient practitioner coverage condition encounter observation medicationrequest"

# The settings that its manual advises for a machine and a disk like this; for start_postgres.
questions_settings="random_page_cost = 1.1
effective_cache_size = $(awk '/MemTotal/ { print int($2 / 2048) }' /proc/meminfo)MB
maintenance_work_mem = 512MB
work_mem = 64MB
jit = off"

load_questions() { # SIZE
  local table file began=$(now_ms)
  sed '/^-- loaded/,$d' bench/questions.sql | pg_sql -f - || return 1
  for table in $pg_tables; do
    for file in "$scratch/region-$1"/*.ndjson; do
      case ${file##*/} in [A-Za-z]*) [ "$(sed 's/[-.].*//' <<<"${file##*/}" | tr '[:upper:]' '[:lower:]')" = "$table" ] || continue ;; esac
      copy_rows <"$file" | cut -f 2,3
    done | pg_sql -c "COPY $table (id, body) FROM STDIN" || return 1
  done
  record question "PostgreSQL, loading, $1" "{\"ms\":$(($(now_ms) - began))}"
  began=$(now_ms)
  sed '1,/^-- loaded/d' bench/questions.sql | pg_sql -f - || return 1
  record question "PostgreSQL, indexes, $1" "{\"ms\":$(($(now_ms) - began)),\"mb\":$(pg_sql -At -c "SELECT pg_database_size(current_database()) / 1048576")}"
}

# pg_round WHAT CLIENTS FILE: the questions of a file, an SQL a line, prepared, in turn by chance.
pg_round() {
  local folder=$pg/asked before after
  rm -rf "$folder"
  mkdir -p "$folder/log"
  # pgbench takes 128 scripts at the most.
  head -n 100 "$3" | awk -v base="$folder/q" '{ file = base sprintf("%03d", NR); print $0 ";" >file; close(file) }'
  chmod -R a+rwX "$folder"
  before=$(cpu_us "$(pg_master)")
  # shellcheck disable=SC2046
  pg_as "$pg_bin/pgbench" -n -h "$pg" -c "$2" -j 1 -M prepared -T "${PG_SECONDS:-3}" -l --log-prefix="$folder/log/l" \
    $(printf -- '-f %s ' "$folder"/q*) postgres >>"$out/logs/pgbench.log" 2>&1 || { fail "pgbench, $1 (see $out/logs/pgbench.log)"; return 1; }
  after=$(cpu_us "$(pg_master)")
  record question "PostgreSQL, $1" "$(cat "$folder"/log/l* | awk '{ print $3 }' | sort -n | awk -v cpu=$((after - before)) -v seconds="${PG_SECONDS:-3}" '
    { us[NR] = $1; all += $1 } END { if (NR) printf "{\"requests\":%d,\"rate\":%.1f,\"p50_us\":%d,\"p99_us\":%d}\n", NR, NR / seconds, us[int((NR + 1) / 2)], us[int((NR * 99 + 99) / 100)] }')"
}

ask_postgres() { # SIZE NAME
  local block=$(question "$2") ways file=$scratch/asked.sql
  ways=" $(jq -r .ways <<<"$block") "
  if [ "$(jq -r '.page // empty' <<<"$block")" ]; then made "$1" "$2" page sql >"$file"; else made "$1" "$2" sql sql | sed 's/^/SELECT body FROM (/; s/$/) q LIMIT 50/' >"$file"; fi
  made "$1" "$2" sql sql | sed 's/^/SELECT count(*) FROM (/; s/$/) q/' >"$scratch/counted.sql"
  case $ways in *" rate "*) pg_round "$2, rate, $1" 16 "$file" ;; esac
  case $ways in *" one "*) pg_round "$2, one, $1" 1 "$file" ;; esac
  case $ways in *" count "*) pg_round "$2, count, $1" 1 "$scratch/counted.sql" ;; esac
}

# Row "answers": the totals of both, and of answers up to 1,000 the ids, for 20 questions of each kind.
compare_answers() { # SIZE NAME
  local asked=0 totals=0 ids=0 ids_asked=0 path sql ours theirs answer=$scratch/answer.json
  # What is included, and how pages are sorted, is beside the question which ids match.
  paste -d '\n' <(made "$1" "$2" ask ask | sed 's/&_.*include.*//; s/&_sort=.*//; s/?_sort=[^&]*/?/' | head -n 20) <(made "$1" "$2" sql sql | head -n 20) >"$scratch/pairs"
  while read -r path <&9 && read -r sql <&9; do
    curl -gsS -o "$answer" "http://$address/fhir/$path&_count=1000&_total=accurate&_elements=id"
    ours=$(jq .total "$answer")
    theirs=$(pg_sql -At -c "SELECT count(*) FROM ($sql) q")
    asked=$((asked + 1))
    if [ "$ours" = "$theirs" ]; then totals=$((totals + 1)); else say "$2: we count $ours, PostgreSQL $theirs: $path"; fi
    [ "$theirs" -le 1000 ] || continue
    ids_asked=$((ids_asked + 1))
    if [ "$(jq -r '.entry[]?.resource.id' "$answer" | sort | md5sum)" = "$(pg_sql -At -c "SELECT id FROM ($sql) q" | sort | md5sum)" ]; then ids=$((ids + 1)); else say "$2: other ids: $path"; fi
  done 9<"$scratch/pairs"
  record answers "$2, $1" "{\"asked\":$asked,\"equal\":$totals,\"ids_asked\":$ids_asked,\"ids_equal\":$ids}"
  [ $asked = $totals ] && [ $ids_asked = $ids ] || fail "answers: $2"
}

# Where the page that ours are asked for begins, found beforehand, as our cursor is.
postgres_deep() { # SIZE NAME CONDITION
  local page=$(figure question "$2, deep page, $1" page) row
  [ -n "$page" ] || return 1
  row=$(pg_sql -At -F ' ' -c "SET work_mem = '512MB'" -c "SELECT to_char(instant(r.body->>'effectiveDateTime') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), r.id FROM observation r WHERE $3
    ORDER BY instant(r.body->>'effectiveDateTime') DESC, r.id DESC OFFSET $(((page - 1) * 50 - 1)) LIMIT 1" | tail -n 1)
  sed 's/:/\\x3a/g' >"$scratch/asked.sql" <<<"${row% *}"
  echo "SELECT r.body FROM observation r WHERE $3 AND (instant(r.body->>'effectiveDateTime'), r.id) < (instant(E'$(cat "$scratch/asked.sql")'), '${row#* }') ORDER BY instant(r.body->>'effectiveDateTime') DESC, r.id DESC LIMIT 50" >"$scratch/deep.sql"
  pg_round "$2, deep page, $1" 1 "$scratch/deep.sql"
}

# Needs the store of this size, and measure_questions for where deep pages begin.
measure_questions_postgres() { # SIZE
  local name
  make_values "$1"
  start_postgres "$questions_settings" || return 1
  say "PostgreSQL: loading and indexing $1"
  load_questions "$1" || { fail "PostgreSQL: loading"; return 1; }
  start_server "$scratch/store-$1" || return 1
  while read -r name <&9; do compare_answers "$1" "$name"; done 9< <(question_names)
  stop_server
  while read -r name <&9; do ask_postgres "$1" "$name"; done 9< <(question_names)
  postgres_deep "$1" "_sort=-date" "r.body#>>'{category,0,coding,0,code}' = 'vital-signs'"
  postgres_deep "$1" "_sort=-date of all Observations" true
  stop_postgres
}
