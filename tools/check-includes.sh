#!/bin/bash
# check-includes.sh: holds every #include under src/ against the floors in CMakeLists.txt.
#
# 1. zd_module lines stand lowest floor first; USES names earlier modules only, so there is no cycle.
# 2. A file includes headers of its own module or of those its module uses, directly or not, spelled
#    from src/ ("store/store.h"). Of another module only the headers in its top folder are public;
#    *_internal.h never is. <module>/testing/ is for tests alone.
# 3. An engine's header is included only by the modules that own it (table below).
# 4. No file is named util, utils, common, misc, helper or helpers.
# A generated header (in a build folder) is listed in src/<module>/generated.txt, one name a line.
set -eu
cd "$(dirname "$0")/.."

modules=$(sed -n 's/^zd_module(\([a-z0-9_]*\)\(.*\))[[:space:]]*$/\1 \2/p' CMakeLists.txt |
  awk '{ keep = 0; line = $1
         for (i = 2; i <= NF; i++) {
           if ($i == "USES") { keep = 1; continue }
           if ($i == "LIBS") keep = 0
           if (keep) line = line " " $i
         }
         print line }')
[ -n "$modules" ] || { echo "check-includes: no zd_module lines in CMakeLists.txt" >&2; exit 1; }

find src -name '*.[ch]' -type f | LC_ALL=C sort | xargs awk -v modules="$modules" '
BEGIN {
  count = split(modules, lines, "\n")
  for (i = 1; i <= count; i++) {
    n = split(lines[i], word, " ")
    name = word[1]
    reach[name, name] = 1
    for (k = 2; k <= n; k++) {
      if (!(word[k] in known)) { bad("CMakeLists.txt: " name " uses " word[k] ", which is not below it"); continue }
      for (m in known) if ((word[k], m) in reach) reach[name, m] = 1
    }
    known[name] = 1
  }
  # Engine header (a regular expression) and the modules that own it.
  owner["^uv\\.h$|^uv/"] = " http "
  owner["^llhttp\\.h$|^llhttp/"] = " http "
  owner["^nghttp2/"] = " http "
  owner["^openssl/"] = " base http "
  owner["^xxhash\\.h$"] = " base "
  owner["^zstd\\.h$"] = " store rest region bulk cli "
  owner["^zdict\\.h$"] = " store "
  owner["^zlib\\.h$"] = " rest region bulk cli validate "
  owner["^libxml/"] = " fhir "
  owner["^utf8proc\\.h$"] = " search fhirpath "
  owner["^libstemmer\\.h$"] = " search "
  owner["^rocksdb/|^lmdb\\.h$|^sqlite3\\.h$|^libpq-fe\\.h$"] = " store "
}
function bad(text) { print "includes: " text; failed++ }
function generated(module, header,   line, found, file) {
  file = "src/" module "/generated.txt"
  while ((getline line < file) > 0) if (line == header) found = 1
  close(file)
  return found
}
FNR == 1 {
  files++
  n = split(FILENAME, part, "/")
  module = n > 2 ? part[2] : ""          # src/main.c belongs to no module and may use all
  if (module != "" && !(module in known)) bad(FILENAME ": src/" module " is no module in CMakeLists.txt")
  test = FILENAME ~ /_(test|fuzz)\.c$/ || FILENAME ~ /\/testing\//
  stem = part[n]; sub(/\.[ch]$/, "", stem); sub(/_test$/, "", stem)
  if (stem ~ /^(util|utils|common|misc|helper|helpers)$/) bad(FILENAME ": the name says nothing; name what it does")
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
  header = $0; sub(/^[^"]*"/, "", header); sub(/".*/, "", header)
  includes++
  n = split(header, h, "/")
  if (header ~ /\.\./) { bad(FILENAME ":" FNR ": spell \"" header "\" from src/"); next }
  if (n == 1) {
    if (!generated(module, header)) bad(FILENAME ":" FNR ": spell \"" header "\" from src/")
    next
  }
  if (!(h[1] in known)) { bad(FILENAME ":" FNR ": no module " h[1] " for \"" header "\""); next }
  help = header ~ /^[a-z0-9_]+\/testing\//
  if (help && !test) bad(FILENAME ":" FNR ": \"" header "\" is for tests")
  if (module == "" || module == h[1]) next
  if (!((module, h[1]) in reach)) bad(FILENAME ":" FNR ": " module " may not use " h[1] " (\"" header "\")")
  if (n > 2 && !help) bad(FILENAME ":" FNR ": \"" header "\" is private to " h[1])
  if (header ~ /_internal\.h$/) bad(FILENAME ":" FNR ": \"" header "\" is private to " h[1])
}
/^[ \t]*#[ \t]*include[ \t]*</ {
  header = $0; sub(/^[^<]*</, "", header); sub(/>.*/, "", header)
  for (pattern in owner) {
    if (header ~ pattern && index(owner[pattern], " " module " ") == 0)
      bad(FILENAME ":" FNR ": <" header "> belongs to" owner[pattern])
  }
}
END {
  if (!files || !includes) bad("nothing to check")
  if (failed) { print "includes: " failed " broken rules"; exit 1 }
  print "includes: " files " files, " includes " includes within the floors"
}'
