#!/bin/bash
# coverage.sh: runs the tests in the coverage preset and prints the share of lines run, per module.
set -eu
cd "$(dirname "$0")/.."
. tools/step.sh
step "build coverage" build/logs/build-coverage.log tools/build.sh coverage
find build/coverage -name '*.gcda' -delete
step "tests" build/logs/coverage-tests.log ctest --test-dir build/coverage -j "${JOBS:-$(nproc)}" || true
find build/coverage -name '*.gcda' -print0 | (cd build/coverage && xargs -0 gcov -n -r -s "$OLDPWD" 2>/dev/null) |
  awk '/^File / { file = $2; gsub(/\047/, "", file) }
       /^Lines executed:/ && file ~ /^src\// && file !~ /_test\.c$/ {
         split($0, x, /[:%]| of /); split(file, p, "/"); run[p[2]] += x[2] / 100 * x[4]; all[p[2]] += x[4]; file = "" }
       END { for (m in all) printf "%-10s %5.1f %% of %d lines\n", m, 100 * run[m] / all[m], all[m] }' | sort
