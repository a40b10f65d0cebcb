#!/bin/bash
# test.sh: every check and every test, each step with its time; goes on after a failure, so that one
# run shows all. The last line is "N passed, N failed": tests of all CTest runs, and each step that
# is no test run counts as one when it fails. Whole outputs: build/logs/.
set -u
cd "$(dirname "$0")/.."
. tools/step.sh
jobs=${JOBS:-$(nproc)}
logs=build/logs
mkdir -p $logs
started=$SECONDS
passed=0 failed=0 skipped=0
problems=()

check() { # NAME COMMAND...: a step that passes or fails as a whole
  local name=$1
  shift
  if ! step "$name" "$logs/${name// /-}.log" "$@"; then
    failed=$((failed + 1))
    problems+=("$name")
    return 1
  fi
}

# Address space randomisation as wide as some kernels have it breaks the sanitizers' memory maps.
fixed_addresses() {
  if setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}

run_tests() { # PRESET [CTEST OPTION...]
  local preset=$1 log=$logs/ctest-$1.log total bad cases names
  shift
  fixed_tests() { fixed_addresses ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error "$@"; }
  STEP_TAIL=80 step "tests $preset" "$log" fixed_tests "$@"
  local status=$?
  # "98% tests passed, 2 tests failed out of 100"
  total=$(sed -n 's/^[0-9]*% tests passed, .* out of \([0-9]*\)$/\1/p' "$log")
  bad=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests* failed out of [0-9]*$/\1/p' "$log")
  if [ -z "$total" ] || { [ $status -ne 0 ] && [ "${bad:-0}" -eq 0 ]; }; then
    problems+=("tests $preset did not run to the end")
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + total - bad))
  failed=$((failed + bad))
  [ "$bad" -eq 0 ] || problems+=("tests $preset: $bad of $total")
  # Cases that a test program left out, because data it needs is not on this machine.
  local results=build/$preset/Testing/Temporary/LastTest.log
  cases=$(sed -nE "s/^\\[  SKIPPED \\] ([0-9]+) test\\(s\\).*/\\1/p" "$results" | awk '{ n += $1 } END { print n + 0 }')
  names=$(grep -aE '^\[  SKIPPED \] [a-z_0-9]+$' "$results" | cut -c14- | sort -u | head -n 8 | paste -sd" ")
  skipped=$((skipped + cases))
  printf '        %s: %d of %d programs passed, %d cases skipped%s\n' "$preset" $((total - bad)) "$total" "$cases" "${names:+ ($names)}"
}

build_and_run() { # PRESET TARGETS [CTEST OPTION...]
  local preset=$1 targets=$2
  shift 2
  # shellcheck disable=SC2086
  check "build $preset" tools/build.sh "$preset" -k 0 $targets && run_tests "$preset" "$@"
}

fuzz_seconds() { # so that all targets together take about 90 seconds
  local targets
  targets=$(git ls-files 'src/*_fuzz.c' | grep -c . || true)
  [ "$targets" -gt 0 ] || targets=1
  local each=$((90 * jobs / targets))
  echo $((each < 2 ? 2 : each > 20 ? 20 : each))
}

check "includes" tools/check-includes.sh
check "house rules" tools/check-house.sh
check "format" tools/check-format.sh
build_and_run release ""
ln -sfn release/zdravo build/zdravo
check "build clang" tools/build.sh clang -k 0
check "lint" tools/lint.sh
build_and_run asan ""
build_and_run tsan "tests_base tests_store tests_http" -L '^(base|store|http)$'
check "fuzz" tools/fuzz.sh "$(fuzz_seconds)"

echo
echo "whole run: $((SECONDS - started)) s"
[ "$skipped" -eq 0 ] || echo "$skipped cases were skipped for want of data (set ZD_SHARED to their folder)"
for problem in "${problems[@]}"; do echo "FAILED: $problem"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
