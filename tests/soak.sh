#!/bin/bash
# soak.sh: what `make test` does shortly, for hours, each time with other dice.
#
#   HOURS=8 make soak        eight hours (default 1; fractions such as 0.1 are fine)
#   RUNS=5000 make soak      5,000 kills, however long they take, and the rest in proportion
#
# The time is shared out: kill -9 under load 30 %, power cuts and failing disks 10 %, property tests
# 10 %, the API from outside 5 %, searches put to the naive engine too 30 % (a million of them take about
# twenty minutes), fuzzing of every target 15 %. A stage that finds something keeps its
# output (build/soak/) and its seed, and the others go on. Ctrl-C ends the stage that runs, and sums up.
# ZD_SEED begins the row of seeds (default: the time).
set -u
cd "$(dirname "$0")/.."
. tools/step.sh
out=$PWD/build/soak
release=build/release
seed=${ZD_SEED:-$(date +%s)}
started=$SECONDS
rows=() failed=0 stopped=0
rm -rf "$out" && mkdir -p "$out"

percent() { echo $((total * $1 / 100)); }

# again NAME SECONDS COMMAND...: the command again and again, ZD_SEED one higher each time, until the
# time is up or it fails. Sets `runs`.
again() {
  local name=$1 seconds=$2 begun=$SECONDS told=$SECONDS log status=0
  shift 2
  runs=0 log=$out/${name// /-}.log
  : >"$out/all-${name// /-}.log"
  while [ $status -eq 0 ] && [ $stopped -eq 0 ] && { [ $runs -eq 0 ] || [ $((SECONDS - begun)) -lt "$seconds" ]; }; do
    seed=$((seed + 1))
    set -m
    ZD_SEED=$seed "$@" >"$log" 2>&1 </dev/null &
    child=$!
    set +m
    while kill -0 "$child" 2>/dev/null; do
      sleep 0.3
      if [ -t 1 ]; then
        printf '\r\033[K%-28s %5d s of %d, run %d' "$name" $((SECONDS - begun)) "$seconds" $((runs + 1))
      elif [ $((SECONDS - told)) -ge 60 ]; then
        told=$SECONDS
        printf '  %s, %d s of %d, run %d\n' "$name" $((SECONDS - begun)) "$seconds" $((runs + 1))
      fi
    done
    wait "$child"
    status=$?
    child=
    [ $stopped -eq 1 ] && break
    grep -aE '^[0-9]+ kills, |^# (tests|pass|oracle:) |^fuzz: |PASSED' "$log" >>"$out/all-${name// /-}.log"
    runs=$((runs + 1))
  done
  [ ! -t 1 ] || printf '\r\033[K'
  if [ $status -ne 0 ] && [ $stopped -eq 0 ]; then
    failed=$((failed + 1))
    mv "$log" "$out/FAILED-${name// /-}.log"
    printf 'FAILED  %-26s run %d, seed %d (status %d): %s\n' "$name" $runs $seed $status "$out/FAILED-${name// /-}.log"
    grep -aE 'seed|finding|error|ERROR|FAILED|not ok|Failure' "$out/FAILED-${name// /-}.log" | head -n 12 | cut -c1-200 | sed 's/^/        | /'
    return 1
  fi
  printf 'ok      %-26s %5d s\n' "$name" $((SECONDS - begun))
}

sum() { rows+=("$(printf '%-28s %s' "$1" "$2")"); } # NAME TEXT: a line of the summary

kills() {
  local each=25 most=$(percent 30)
  [ -z "${RUNS:-}" ] || { each=$RUNS most=0; } # one run, however long
  # shellcheck disable=SC2016
  again "kill -9" "$most" bash -c 'exec "$0" "$1" "$ZD_SEED" "$2"' $release/tests/crash/crash "$each" "$out"
  sum "kill -9" "$(awk '{ k += $1; t += $3; r += $6 } END { printf "%d kills, %d transactions acknowledged, %d rows compared", k, t, r }' "$out/all-kill--9.log")"
}

faults() {
  again "failing disks" "$(percent 10)" env ZD_FAULT_ROUNDS=12 $release/store_fault_test
  sum "failing disks" "$runs runs of 12 worlds each for power cuts, failing writes, full disks"
}

# Every test program whose source throws zd_testing_dice, straight or through a model of its module.
properties() {
  local programs program each
  programs=$(grep -lE 'testing/dice.h|testing/index_model.h' -r src --include='*_test.c' | grep -v fault_test |
    sed -E 's|^src/([a-z]+)/.*/?([a-z_0-9]+)\.c$|\1 &|; s|^([a-z]+) .*/([a-z_0-9]+)\.c$|\1_\2|' | sort)
  each=$(($(percent 10) / $(wc -l <<<"$programs")))
  for program in $programs; do
    [ $stopped -eq 1 ] && return
    again "$program" "$each" "$release/$program"
    sum "$program" "$runs worlds"
  done
}

api() {
  again "api" "$(percent 5)" env ZD_PROGRAM="$PWD/$release/zdravo" ZD_SHARED="${ZD_SHARED:-$PWD/../shared}" \
    node --test --test-reporter=tap tests/api/
  sum "api" "$runs runs, $(awk '/^# pass/ { n += $3 } END { print n + 0 }' "$out/all-api.log") cases passed"
}

oracle() {
  again "oracle" "$(percent 30)" env ZD_PROGRAM="$PWD/$release/zdravo" ZD_QUERIES=50000 \
    node --test --test-reporter=tap tests/oracle/
  sum "oracle" "$(awk '/^# oracle: [0-9]+ queries/ { n += $3; p += $5 } END { printf "%d searches, %d pages compared", n, p }' "$out/all-oracle.log")"
}

fuzzing() {
  local targets
  targets=$(git ls-files 'src/*_fuzz.c' | grep -c .)
  again "fuzzing" 0 tools/fuzz.sh $(($(percent 15) * ${JOBS:-$(nproc)} / targets + 1))
  sum "fuzzing" "$targets targets, $(awk '/ in [0-9]+ s, no crash/ { n += $3 } END { print n + 0 }' "$out/all-fuzzing.log") inputs"
}

step "build release" build/logs/soak-build.log tools/build.sh release || exit 1
step "build fuzz" build/logs/soak-fuzz.log tools/build.sh fuzz fuzzers || exit 1
trap 'stopped=1; [ -z "${child:-}" ] || kill -TERM -- "-$child" 2>/dev/null' INT TERM
total=$(awk -v h="${HOURS:-1}" 'BEGIN { printf "%d", h * 3600 }')
[ "$total" -gt 0 ] || { echo "soak: HOURS is a number above 0, not \"$HOURS\"" >&2; exit 2; }
echo "soak: about $total s, seeds from $seed, output in build/soak"
for stage in kills faults properties api oracle fuzzing; do
  [ $stopped -eq 1 ] || $stage
  if [ $stage = kills ] && [ -n "${RUNS:-}" ]; then total=$(((SECONDS - started) * 100 / 30)); fi
done

echo
[ $stopped -eq 0 ] || echo "stopped early"
printf '%s\n' "${rows[@]}"
echo "$((SECONDS - started)) s, seeds up to $seed, $failed of ${#rows[@]} stages failed"
[ $failed -eq 0 ]
