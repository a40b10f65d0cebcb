#!/bin/bash
# check-house.sh: the rules of the house that a script can see.
#
# - README.md in every folder of src/ that holds C files.
# - No function over 120 lines, no file over 700; the median function is printed.
# - No mark of unfinished work, no path of somebody's machine, no word about who or what typed the text.
# - Text files: no carriage returns, no trailing blanks, no tabs in C, a newline at the end.
set -eu
cd "$(dirname "$0")/.."
broken=0
complain() {
  echo "house: $*"
  broken=$((broken + 1))
}

files() { git ls-files -- "$@" | while IFS= read -r f; do [ ! -f "$f" ] || echo "$f"; done; }

c_files=$(files '*.c' '*.h')
text_files=$(files | grep -vE '(^|/)(LICENSE|package-lock\.json)$|\.(png|svg|ico|gz|zst|bin|woff2)$|^fuzz/corpus/' |
  while IFS= read -r f; do ! grep -Iq . "$f" || echo "$f"; done)
[ -n "$c_files" ] && [ -n "$text_files" ] || { echo "house: no files found" >&2; exit 1; }

while IFS= read -r folder; do
  [ -f "$folder/README.md" ] || complain "$folder has no README.md"
done < <(grep '^src/.*/' <<<"$c_files" | xargs -n 1 dirname | sort -u)

# clang-format's shape makes functions easy to see: they begin at column 0 and end with a lone "}".
report=$(xargs awk '
  FNR == 1 { if (lines > 700) print "bad " file " has " lines " lines (700 allowed)"; file = FILENAME; inside = 0; begin = 0 }
  { lines = FNR }
  /^[A-Za-z_].*\(/ && !/;[ \t]*$/ && !/^#/ && !/^(typedef|struct|enum|union) / { begin = FNR; name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
  /\{$/ && begin && !inside && /\) \{$/ { inside = 1 }
  /^}/ { if (inside) { n = FNR - begin + 1; print "fn " n; if (n > 120) print "bad " file ":" begin ": " name " has " n " lines (120 allowed)" } inside = 0; begin = 0 }
  /^[A-Za-z_].*\) \{.*\}$/ { print "fn 1"; begin = 0; inside = 0 }
  END { if (lines > 700) print "bad " file " has " lines " lines (700 allowed)" }' <<<"$c_files")
while IFS= read -r line; do complain "${line#bad }"; done < <(grep '^bad ' <<<"$report" || true)

# The words are in brackets so that this file does not find itself.
words='\b([T]ODO|[F]IXME|[H]ACK|[W]IP)\b|[l]orem ipsum|\b[a]s an AI\b|\b[l]anguage model\b|[C]o-authored-by|(^|[^A-Za-z0-9_.<])/([h]ome|[r]oot|[U]sers)/[A-Za-z]'
while IFS= read -r line; do complain "forbidden text: $line"; done < <(xargs grep -nE "$words" <<<"$text_files" | cut -c1-160 || true)

while IFS= read -r line; do complain "blanks at the end or carriage return: $line"; done < <(xargs grep -nE $'[ \t\r]+$' <<<"$text_files" | cut -c1-120 || true)
while IFS= read -r line; do complain "tab: $line"; done < <(xargs grep -n $'\t' <<<"$c_files" | cut -c1-120 || true)
while IFS= read -r f; do
  [ -z "$(tail -c 1 "$f")" ] || complain "$f does not end with a newline"
done <<<"$text_files"

grep '^fn ' <<<"$report" | sort -k2 -n | awk '
  { n[NR] = $2 }
  END { printf "house: %d functions, median %d lines, p90 %d, longest %d\n", NR, n[int((NR + 1) / 2)], n[int(NR * 0.9)], n[NR] }'
[ "$broken" -eq 0 ] || { echo "house: $broken broken rules"; exit 1; }
