# asking.sh: point reads, searches, counts. Sourced by run.sh.

start_nginx() { # sets nginx (its process) and nginx_address
  local folder=$out/nginx log=$out/logs port=$((20000 + RANDOM % 20000))
  mkdir -p "$folder"
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  nginx_address=127.0.0.1:$port
  cat >"$folder/nginx.conf" <<EOF
daemon off;
$([ "$(id -u)" -ne 0 ] || echo "user root;")
worker_processes 2;
pid $folder/pid;
error_log $log/nginx.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  default_type application/fhir+json;
  client_body_temp_path $folder/t1;
  proxy_temp_path $folder/t2;
  fastcgi_temp_path $folder/t3;
  uwsgi_temp_path $folder/t4;
  scgi_temp_path $folder/t5;
  $1
  server { listen $nginx_address reuseport; root $folder/html; }
}
EOF
  /usr/sbin/nginx -c "$folder/nginx.conf" 2>>"$log/nginx.log" &
  nginx=$!
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 $nginx 2>/dev/null || { fail "nginx does not start (see $log/nginx.log)"; return 1; }
    sleep 0.05
  done
}

stop_nginx() {
  [ -n "${nginx:-}" ] || return 0
  kill -TERM "$nginx" 2>/dev/null
  wait "$nginx" 2>/dev/null
  nginx=
}

# What the server answers to each path, as files for nginx.
fetch_answers() { # PATHS
  local html=$out/nginx/html path
  rm -rf "$html"
  while read -r path; do
    printf 'url = "http://%s%s"\noutput = "%s%s"\n' "$address" "$path" "$html" "$path"
  done <"$1" >"$scratch/fetch"
  curl -sS --fail --create-dirs -K "$scratch/fetch"
}

wrk_round() { # ROW WHAT ADDRESS PROCESS PATHS: adds to the rounds of this name
  local before after text rate p50 p99 errors n
  before=$(cpu_us "$4")
  text=$(PATHS=$5 wrk -t1 -c64 -d"${seconds}s" --latency -s bench/many.lua "http://$3" 2>&1)
  after=$(cpu_us "$4")
  n=$(awk '/requests in/ { print $1 }' <<<"$text")
  errors=$(awk '/Non-2xx/ { n += $NF } /Socket errors/ { gsub(",", ""); n += $4 + $6 + $8 + $10 } END { print n + 0 }' <<<"$text")
  rate=$(awk '/Requests\/sec/ { print $2 }' <<<"$text")
  p50=$(awk '$1 == "50%" { print $2 }' <<<"$text" | in_us)
  p99=$(awk '$1 == "99%" { print $2 }' <<<"$text" | in_us)
  [ -n "$rate" ] || { fail "wrk: $text"; return 1; }
  jq -cn --arg row "$1" --arg what "$2" --argjson rate "$rate" --argjson p50 "$p50" --argjson p99 "$p99" \
    --argjson errors "$errors" --argjson cpu $((after - before)) --argjson n "$n" \
    '{row: $row, what: $what, rate: $rate, p50_us: $p50, p99_us: $p99, errors: $errors, cpu_us: ($cpu / $n)}' >>"$out/rounds.ndjson"
}

in_us() { awk '/us$/ { print $1 + 0 } /ms$/ { print $1 * 1000 } /[0-9]s$/ && !/[um]s$/ { print $1 * 1000000 }'; }

# Medians of the rounds of one name.
record_rounds() { # ROW WHAT
  record "$1" "$2" "$(jq -cs --arg row "$1" --arg what "$2" 'def median: sort | .[length / 2 | floor];
    map(select(.row == $row and .what == $what)) |
    {rounds: length, rate: (map(.rate) | median), lowest: (map(.rate) | min), highest: (map(.rate) | max),
     p50_us: (map(.p50_us) | median), p99_us: (map(.p99_us) | median), cpu_us: (map(.cpu_us) | median),
     errors: (map(.errors) | add)}' "$out/rounds.ndjson")"
}

# Row "read": rounds of us and nginx in turn, so that what disturbs one disturbs the other.
measure_reads() { # SIZE
  local one=$scratch/one.txt many=$scratch/queries-$1/read.txt seconds=${ROUND_SECONDS:-2} round
  grep -m 1 /Observation/ "$many" >"$one"
  rm -f "$out/rounds.ndjson"
  start_server "$scratch/store-$1"
  fetch_answers "$many"
  start_nginx "" || { stop_server; return 1; }
  for round in 1 2 3 4 5; do
    wrk_round read "zdravo, one id" "$address" "$server" "$one"
    wrk_round read "nginx, one id" "$nginx_address" "$nginx" "$one"
    wrk_round read "zdravo, 2,000 ids" "$address" "$server" "$many"
    wrk_round read "nginx, 2,000 ids" "$nginx_address" "$nginx" "$many"
  done
  stop_nginx
  # The strongest nginx there is: open files and their sizes remembered.
  start_nginx "open_file_cache max=10000 inactive=60s; open_file_cache_valid 60s;"
  for round in 1 2 3; do
    wrk_round read "nginx with open_file_cache, 2,000 ids" "$nginx_address" "$nginx" "$many"
    wrk_round read "zdravo, 2,000 ids" "$address" "$server" "$many"
  done
  stop_nginx
  stop_server
  for what in "zdravo, one id" "nginx, one id" "zdravo, 2,000 ids" "nginx, 2,000 ids" "nginx with open_file_cache, 2,000 ids"; do
    record_rounds read "$what"
  done
}

with_count() { sed "s/\$/\&_count=$2/" "$1" >"$scratch/counted.txt"; echo "$scratch/counted.txt"; }

# Row "search": the first page by each kind of parameter; 10 matches asked for, and the default page.
measure_searches() { # SIZE
  local kind q=$scratch/queries-$1 seconds=${ROUND_SECONDS:-2}
  start_server "$scratch/store-$1"
  load_row search "point read" -c 64 -s "$seconds" -p "$q/read.txt"
  for kind in token code reference date string; do
    load_row search "$kind, 10 a page" -c 64 -s "$seconds" -p "$(with_count "$q/$kind.txt" 10)"
    load_row search "$kind, default page" -c 64 -s "$seconds" -p "$q/$kind.txt"
    load_row search "$kind, one connection" -c 1 -s 1 -p "$(with_count "$q/$kind.txt" 10)"
  done
  stop_server
}

# Row "count": one connection, so that it is the time of one question.
measure_counts() { # SIZE
  start_server "$scratch/store-$1"
  load_row count "Condition by code, $1" -c 1 -s 2 -g "/fhir/Condition?code=I10&_summary=count"
  load_row count "Observation by code, $1" -c 1 -s 2 -g "/fhir/Observation?code=8310-5&_summary=count"
  sed 's/$/\&_summary=count/' "$scratch/queries-$1/code.txt" >"$scratch/counts.txt"
  load_row count "any code in turn, $1" -c 1 -s 2 -p "$scratch/counts.txt"
  stop_server
}
