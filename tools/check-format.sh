#!/bin/bash
# check-format.sh: every C file is as clang-format leaves it (`make format` repairs).
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
git ls-files -z '*.c' '*.h' >build/.format-files
count=$(tr -cd '\0' <build/.format-files | wc -c)
[ "$count" -gt 0 ] || { echo "check-format: no files found" >&2; exit 1; }
# A file deleted in the working tree is still listed: leave it out.
xargs -0 -r sh -c 'for f; do [ -e "$f" ] && printf "%s\0" "$f"; done' sh <build/.format-files |
  xargs -0 -r clang-format --dry-run -Werror
rm -f build/.format-files
echo "format: $count files"
