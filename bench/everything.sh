# everything.sh: whole records of patients, streamed. Sourced by run.sh.

# Row "everything": resources a second of Patient/[id]/$everything, over 300 patients, and one connection.
measure_everything() { # SIZE
  local answer=$scratch/everything.json path kind entries next c before after figures resources
  make_values "$1"
  head -n 300 "$scratch/values-$1/patient.tsv" | sed 's|^\([^\t]*\)\t.*|/fhir/Patient/\1/$everything|' >"$scratch/everything.txt"
  start_server "$scratch/store-$1" || return 1
  # How many resources that is: all pages, where an answer has pages.
  resources=0
  : >"$scratch/everything.pages"
  while read -r path <&9; do
    while [ -n "$path" ]; do
      curl -gsS -o "$answer" "http://$address$path"
      read -r kind entries next <<<"$(jq -r '[.resourceType, (.entry | length), (.link[]? | select(.relation == "next").url)] | map(tostring) | join(" ")' "$answer")"
      [ "$kind" = Bundle ] || { fail "\$everything: $(head -c 200 "$answer")"; stop_server; return 1; }
      echo "$path" >>"$scratch/everything.pages"
      resources=$((resources + entries))
      path=$(sed 's|^http://[^/]*||' <<<"${next:-}")
    done
  done 9<"$scratch/everything.txt"
  for c in 1 8; do
    before=$(cpu_us "$server")
    figures=$("$programs/load" -a "$address" -c $c -k -p "$scratch/everything.pages" 2>>"$out/logs/load.log") || { fail "\$everything (see $out/logs/load.log)"; break; }
    after=$(cpu_us "$server")
    record everything "$c connections, $1" "$(jq -c --argjson n "$resources" --argjson cpu $((after - before)) '. + {resources: $n, answers: .requests, rate: ($n / .seconds), cpu_us: ($cpu / $n)}' <<<"$figures")"
  done
  stop_server
}
