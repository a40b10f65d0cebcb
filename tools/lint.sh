#!/bin/bash
# lint.sh: clang-tidy (.clang-tidy) over every C file that is not a test, two files at a time.
#
# A file that was clean is not looked at again until it, a header it includes, its flags, the checks
# or the tool change: build/lint holds a stamp for each such state.
set -eu
cd "$(dirname "$0")/.."

tools/build.sh clang build.ninja >/dev/null # configures when needed, no more
mkdir -p build/lint
# States the analyzer looks at in one function. Its own limit (225,000) takes five times as long over
# large functions and has found no more here.
nodes=40000
tool="$(clang-tidy --version | sha256sum) $(sha256sum <.clang-tidy) $nodes"
export tool nodes

lint_one() {
  set -o pipefail
  local file=$1 flags stamp
  flags=$(jq -r --arg f "$PWD/$file" '[.[] | select(.file == $f)][0].command // empty' build/clang/compile_commands.json)
  [ -n "$flags" ] || { echo "lint: $file is in no target, so nothing compiles it" >&2; return 1; }
  # What the compiler would read, by content.
  stamp=$( { echo "$tool $flags"
    eval "${flags#*ccache } -MM -MF /dev/stdout -o /dev/null" | tr -d '\\' | tr ' ' '\n' | grep -v ':$' |
      grep . | sort -u | xargs sha256sum; } | sha256sum | cut -d' ' -f1)
  [ ! -e "build/lint/$stamp" ] || return 0
  echo "$file"
  # Assertions on: they tell the analyzer what cannot be.
  clang-tidy --quiet -p build/clang --extra-arg=-UNDEBUG --extra-arg=-Xclang --extra-arg=-analyzer-config \
    --extra-arg=-Xclang --extra-arg="max-nodes=$nodes" "$file" 2>/dev/null | sed "s|$PWD/||" && touch "build/lint/$stamp"
}
export -f lint_one

# Longest first, so that the last ones do not leave a processor idle.
files=$(git ls-files 'src/*.c' 'tools/*.c' 'bench/*.c' | grep -vE '_(test|fuzz)\.c$' | xargs -r ls -S)
count=$(grep -c . <<<"$files") || { echo "lint: no files found" >&2; exit 1; }
failed=0
xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'lint_one "$1"' lint {} <<<"$files" || failed=1
[ $failed -eq 0 ] || { echo "lint: not clean"; exit 1; }
echo "lint: $count files clean"
