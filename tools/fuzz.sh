#!/bin/bash
# fuzz.sh [SECONDS]: runs every fuzz target that long, as many at a time as there are processors.
#
# A target starts from fuzz/corpus/<target>/ (ours, small, in the repository) and from what earlier
# runs found (build/fuzz-corpus/<target>/). A crash is kept in build/fuzz-crashes/ and fails the run.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
tools/build.sh fuzz fuzzers

fuzz_one() {
  local target=$1 seconds=$2 found seeds=() log
  found=build/fuzz-corpus/$target
  log=build/logs/fuzz-$target.log
  mkdir -p "$found" build/fuzz-crashes
  [ ! -d "fuzz/corpus/$target" ] || seeds=("fuzz/corpus/$target")
  if ! "build/fuzz/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -verbosity=1 \
    -artifact_prefix="build/fuzz-crashes/$target-" "$found" "${seeds[@]}" >"$log" 2>&1; then
    echo "fuzz: $target FAILED ($log):"
    grep -aE 'ERROR|runtime error|Test unit written|SUMMARY' "$log" | head -n 5
    return 1
  fi
  echo "fuzz: $target: $(grep -aoE '^Done [0-9]+ runs' "$log" | cut -c6-) in $seconds s, no crash, $(
    [ ${#seeds[@]} -gt 0 ] && find "${seeds[0]}" -type f | wc -l || echo 0) seeds"
}
export -f fuzz_one

mkdir -p build/logs
targets=$(find build/fuzz -maxdepth 1 -type f -name '*_fuzz' -perm -100 -printf '%f\n' | sort)
wanted=$(git ls-files 'src/*_fuzz.c' | grep -c . || true)
if [ "$wanted" -gt "$(grep -c . <<<"$targets" || true)" ] || [ -z "$targets" ]; then
  echo "fuzz: $wanted targets in the sources, fewer were built" >&2
  exit 1
fi
xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'fuzz_one "$@"' fuzz {} "$seconds" <<<"$targets"
echo "fuzz: $(wc -l <<<"$targets") targets clean"
