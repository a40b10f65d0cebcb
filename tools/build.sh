#!/bin/bash
# build.sh PRESET [TARGET...]: configures the preset when it isn't, and builds it in build/PRESET.
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
# A tree moved or copied from elsewhere keeps absolute paths of its old place: start afresh.
cache=build/$preset/CMakeCache.txt
if [ -f "$cache" ] && ! grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then
  rm -rf "build/${preset:?}"
fi
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"
exec ninja -C "build/$preset" -j "${JOBS:-$(nproc)}" "$@"
