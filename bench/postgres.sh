# postgres.sh: PostgreSQL 15 as the reference of the writes: a table of jsonb with a primary key and a
# GIN index (jsonb_path_ops), synchronous_commit on, a cluster of its own. Sourced by run.sh.

pg_as() { # runs as a user who may own a cluster
  if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
pg_sql() { pg_as psql -q -v ON_ERROR_STOP=1 -h "$pg" -p 5432 -d postgres "$@"; }

start_postgres() { # [SETTINGS]: lines for postgresql.conf
  pg_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  pg=$scratch/postgres
  # The user postgres must be able to get there; a socket's path may not be long either.
  if ! pg_as test -x "$scratch" || [ ${#pg} -gt 80 ]; then pg=$(mktemp -d /var/tmp/zdravo-bench-XXXXXX); fi
  rm -rf "$pg"
  mkdir -p "$pg"
  [ "$(id -u)" -ne 0 ] || chown postgres "$pg"
  pg_as "$pg_bin/initdb" -D "$pg/data" -A trust -U "$(pg_as id -un)" >"$out/logs/postgres.log" 2>&1 || { fail initdb; return 1; }
  cat >>"$pg/data/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$pg'
max_connections = 200
shared_buffers = 1GB
max_wal_size = 8GB
synchronous_commit = on
fsync = on
${1:-}
EOF
  pg_as "$pg_bin/pg_ctl" -D "$pg/data" -l "$pg/log" -w start >>"$out/logs/postgres.log" 2>&1 || { fail "postgres does not start"; return 1; }
}

stop_postgres() {
  [ -n "${pg:-}" ] && [ -d "$pg/data" ] || return 0
  pg_as "$pg_bin/pg_ctl" -D "$pg/data" -m fast -w stop >>"$out/logs/postgres.log" 2>&1
  rm -rf "$pg"
  pg=
}

new_table() {
  pg_sql -c "SET client_min_messages = warning" -c "DROP TABLE IF EXISTS resource" \
    -c "CREATE TABLE resource (type text, id text, version bigint DEFAULT 1, body jsonb NOT NULL, PRIMARY KEY (type, id))" \
    -c "CREATE INDEX ON resource USING gin (body jsonb_path_ops)"
}

pg_master() { head -n 1 "$pg/data/postmaster.pid"; }

# pg_row ROW WHAT RESOURCES COMMAND...: wall and processor time of it (server's and client's).
pg_row() {
  local row=$1 what=$2 n=$3 before
  shift 3
  before=$(cpu_us "$(pg_master)")
  timed "$@" || { fail "postgres, $what"; return 1; }
  record "$row" "$what" "$(jq -cn --argjson n "$n" --argjson ms $wall_ms --argjson cpu $(($(cpu_us "$(pg_master)") - before)) \
    '{resources: $n, ms: $ms, rate: ($n * 1000 / $ms), cpu_us: ($cpu / $n)}')"
}

# A row of COPY: type, id, body; a backslash is written twice.
copy_rows() { # of NDJSON
  awk '{ match($0, /"resourceType": ?"[A-Za-z]*"/); split(substr($0, RSTART, RLENGTH), t, "\"")
    match($0, /"id": ?"[^"]*"/); split(substr($0, RSTART, RLENGTH), i, "\""); gsub(/\\/, "\\\\"); print t[4] "\t" i[4] "\t" $0 }'
}

pg_ndjson() { # as our import: pieces of 8 MB, each durable, two at a time
  ls "$scratch"/pieces/p* | xargs -P 2 -n 1 sh -c 'psql -q -v ON_ERROR_STOP=1 -h "$0" -d postgres -c "COPY resource (type, id, body) FROM STDIN" <"$1"' "$pg"
}

pg_bundles() { # one transaction a bundle, eight connections
  ls "$scratch"/pieces/b* | xargs -P 8 -n 4 sh -c 'for f; do psql -q -v ON_ERROR_STOP=1 -h "$0" -d postgres -c "COPY resource (type, id, body) FROM STDIN" <"$f"; done' "$pg"
}

make_pieces() {
  [ ! -d "$scratch/pieces" ] || return 0
  mkdir -p "$scratch/pieces.new"
  # A tenth of each type: the reference is an order of magnitude slower.
  for f in "$scratch"/region-100k/*.ndjson; do awk 'NR % 2' "$f"; done | copy_rows | split -C 8m - "$scratch/pieces.new/p"
  jq -r -c '[.entry[] | .resource | [.resourceType, "", (tojson | gsub("\\\\"; "\\\\"))] | join("\t")] | join("\n") + "\n"' \
    "$scratch/bundles.ndjson" | awk -v base="$scratch/pieces.new/b" 'BEGIN { n = 1000; file = base n } /^$/ { close(file); file = base (++n); next }
      { sub(/\t/, "\t" ++id); print >file }' # as for us: a POST gets an id of the server's
  chmod -R a+rX "$scratch/pieces.new"
  mv "$scratch/pieces.new" "$scratch/pieces"
}

# pgbench takes ":word" for a variable, also inside of JSON: a blank keeps it from that.
pg_small() { # pgbench: the same two resources in one transaction, prepared, 128 connections
  local text tps
  jq -r -n --slurpfile b <(head -n 1 "$scratch/small.ndjson") '$b[0].entry | map(.resource | tojson | gsub(":(?<c>[0-9A-Za-z])"; ": \(.c)") | gsub("\u0027"; "")) |
    "\\set n random(1, 9000000000000000)\nBEGIN;\n" +
    "INSERT INTO resource (type, id, body) VALUES (\u0027Patient\u0027, :n, jsonb_set(\u0027\(.[0])\u0027, \u0027{identifier,0,value}\u0027, to_jsonb(:n::bigint)));\n" +
    "INSERT INTO resource (type, id, body) VALUES (\u0027Observation\u0027, :n, jsonb_set(\u0027\(.[1])\u0027, \u0027{subject,reference}\u0027, to_jsonb(:n::bigint)));\nCOMMIT;"' >"$scratch/pgbench.sql"
  sed -i 's/:n, jsonb/:n::bigint::text, jsonb/' "$scratch/pgbench.sql"
  chmod a+r "$scratch/pgbench.sql"
  for c in 128 8; do
    text=$(pg_as "$pg_bin/pgbench" -n -h "$pg" -c $c -j 2 -M prepared -T 5 -f "$scratch/pgbench.sql" postgres 2>&1)
    tps=$(awk '/^tps/ { print $3 }' <<<"$text")
    [ -n "$tps" ] || { fail "pgbench: $(head -n 3 <<<"$text")"; return 1; }
    record small "PostgreSQL, $c connections" "{\"rate\":$tps,\"p50_us\":$(awk '/latency average/ { print $4 * 1000 }' <<<"$text")}"
  done
}

measure_postgres() {
  find_bundles
  make_bundle_lines
  make_small_writes
  make_pieces
  start_postgres || return 1
  # psql of xargs runs as the cluster's user too.
  export -f pg_as
  new_table
  pg_row import "PostgreSQL, COPY of 8 MB pieces" "$(cat "$scratch"/pieces/p* | wc -l)" pg_shell pg_ndjson
  record disk PostgreSQL "{\"bytes_each\":$(pg_sql -At -c "SELECT pg_total_relation_size('resource') / count(*) FROM resource")}"
  new_table
  pg_row bundles "PostgreSQL, COPY per bundle" "$(cat "$scratch"/pieces/b* | wc -l)" pg_shell pg_bundles
  new_table
  pg_small
  stop_postgres
}

# Runs one of the functions above as the cluster's user.
pg_shell() {
  pg_as env scratch="$scratch" pg="$pg" bash -c "$(declare -f "$1"); $1"
}
