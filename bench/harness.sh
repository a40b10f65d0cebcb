# harness.sh: what every measurement needs: results, processes, processor time. Sourced by run.sh.
#
# A result is one line of JSON in $results: {"row": "read", "what": "zdravo, one id", ...figures}.
# Whatever is started here is stopped here, by its process id alone.

results=$out/results.ndjson
scratch=$out/scratch
server= address=

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
fail() { say "FAILED: $*" >&2; return 1; }

# record ROW WHAT JSON: a later result of the same row and name replaces the earlier one.
record() {
  local line
  line=$(jq -cn --arg row "$1" --arg what "$2" --argjson figures "$3" \
    '{row: $row, what: $what} + $figures') || return 1
  touch "$results"
  jq -c --arg row "$1" --arg what "$2" 'select(.row != $row or .what != $what)' "$results" >"$results.new"
  mv "$results.new" "$results"
  echo "$line" >>"$results"
  printf '          %-10s %-44s %s\n' "$1" "$2" "$(jq -r '[to_entries[] | select(.key | IN("rate", "ms", "cpu_us", "p50_us", "p99_us", "mb", "bytes_each", "errors", "asked", "equal", "ids_asked", "ids_equal")) | "\(.key) \(.value | if type == "number" then (. * 100 | round / 100) else . end)"] | join("  ")' <<<"$line")"
}

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# Processor time in microseconds that a process, its children and those it has waited for have used.
cpu_us() {
  local pid files=
  for pid in "$1" $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
    [ ! -r "/proc/$pid/stat" ] || files+=" /proc/$pid/stat"
  done
  # shellcheck disable=SC2086
  awk -v master="$1" -v tick="$(getconf CLK_TCK)" '
    { own = $1 == master; sub(/.*\) /, ""); ticks += $12 + $13 + (own ? $14 + $15 : 0) }
    END { printf "%.0f\n", ticks * 1e6 / tick }' $files 2>/dev/null
}

# timed COMMAND...: runs it; sets wall_ms, and cpu_ms: user and system time of it and its children.
timed() {
  local began before after status=0
  before=$(times_ms)
  began=$(now_ms)
  "$@" || status=$?
  wall_ms=$(($(now_ms) - began))
  [ "$wall_ms" -gt 0 ] || wall_ms=1
  after=$(times_ms)
  cpu_ms=$((after - before))
  return $status
}

# Of the shell's own children, so it must run in this shell: `times` writes to a file.
times_ms() {
  awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.0f\n", ($14 + $15) * 1000 / tick }' "/proc/$$/stat"
}

start_server() { # DATA: sets server (its process) and address
  local log=$out/logs/serve.log tries=0
  rm -f "$log"
  "$zdravo" serve --data "$1" --listen 127.0.0.1:0 --log-level warn 2>"$log" &
  server=$!
  until address=$(sed -n 's|.*serves http://\([0-9.:]*\)/.*|\1|p' "$log" 2>/dev/null) && [ -n "$address" ]; do
    kill -0 "$server" 2>/dev/null && [ $((tries += 1)) -lt 1200 ] || { cat "$log" >&2; fail "serve $1"; return 1; }
    sleep 0.05
  done
}

stop_server() {
  [ -n "$server" ] || return 0
  kill -TERM "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=
}

# load_row ROW WHAT [LOAD OPTION]...: the load generator against the running server.
load_row() {
  local row=$1 what=$2 before after answer
  shift 2
  before=$(cpu_us "$server")
  answer=$("$programs/load" -a "$address" "$@" 2>>"$out/logs/load.log")
  [ -n "$answer" ] || { fail "$row, $what: no figures (see $out/logs/load.log)"; return 1; }
  after=$(cpu_us "$server")
  record "$row" "$what" "$(jq -c --argjson cpu $((after - before)) \
    '. + {cpu_us: ($cpu / ([.requests, 1] | max))}' <<<"$answer")"
}

figure() { # ROW WHAT KEY: of a result, empty when it is not there
  jq -r --arg row "$1" --arg what "$2" --arg key "$3" \
    'select(.row == $row and .what == $what) | .[$key] // empty' "$results" 2>/dev/null
}

bytes_in() { du -sb --apparent-size "$1" | cut -f 1; }
room_left_mb() { df -Pm "$out" | awk 'NR == 2 { print $4 }'; }
