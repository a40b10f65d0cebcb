#!/bin/sh
# Long runs of what `make test` does shortly: kills under load, then power cuts, failing writes and
# full disks.
#
#   tests/crash/soak.sh [KILLS [BUILD]]
set -eu
kills=${1:-2000}
build=${2:-$(dirname "$0")/../../build/release}
seed=${ZD_SEED:-$(date +%s)}
echo "kill -9: $kills runs, seed $seed"
"$build/tests/crash/crash" "$kills" "$seed"
echo "power cuts, failing writes, full disks: $((kills / 10 + 1)) worlds each"
ZD_FAULT_ROUNDS=$((kills / 10 + 1)) "$build/store_fault_test"
