#!/bin/bash
# plot.sh RESULTS: the growth of costs as SVG. Each line is one cost relative to that in the smallest
# store: flat at 1 is what is wanted. Processor time, because a busy machine disturbs it least.
set -eu
jq -rs '
def at($row; $what): map(select(.row == $row and .what == $what)) | last;
. as $all | ("100k", "1m", "10m") as $s | select(($all | at("growth"; "size, \($s)")) != null)
| [($all | at("growth"; "size, \($s)").resources),
   ($all | at("import"; "zdravo, \($s)").cpu_us),
   ($all | at("growth"; "import of bundles into it, \($s)").cpu_us),
   ($all | at("growth"; "read, \($s)").cpu_us),
   ($all | at("growth"; "search, \($s)").cpu_us),
   ($all | at("growth"; "small write, \($s)").cpu_us),
   ($all | at("disk"; "zdravo, \($s)").bytes_each)] | @tsv' "$1" | awk -F '\t' '
function label(n) { return n < 900000 ? sprintf("%d k", n / 1000) : sprintf("%d M", n / 1000000 + 0.5) }
function x(n) { return 70 + 430 * (log(n) / log(10) - 4.8) / 2.4 }
function y(v) { return 330 - 290 * (v > 3 ? 3 : v) / 3 }
{ n[NR] = $1; for (i = 2; i <= 7; i++) v[i, NR] = $i }
END {
  split("import|import of bundles into it|point read|search by reference|small transaction|bytes on disk", name, "|")
  split("#1b6ca8|#c2571a|#2e8540|#8a3ffc|#b8860b|#555555", colour, "|")
  split("0|7 4|2 3|10 3|4 2|1 4", dash, "|")
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 380\" font-family=\"sans-serif\" font-size=\"12\">"
  print "<rect width=\"720\" height=\"380\" fill=\"white\"/>"
  print "<text x=\"70\" y=\"22\" font-size=\"14\">Processor time of one operation (and bytes of one resource); in a store of 100,000 = 1</text>"
  for (i = 0; i <= 6; i++) {
    printf "<line x1=\"70\" x2=\"500\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", y(i / 2), y(i / 2), i == 2 ? "#999" : "#ddd"
    printf "<text x=\"60\" y=\"%.1f\" text-anchor=\"end\">%.1f</text>\n", y(i / 2) + 4, i / 2
  }
  for (i = 1; i <= NR; i++) printf "<text x=\"%.1f\" y=\"350\" text-anchor=\"middle\">%s</text>\n", x(n[i]), label(n[i])
  print "<text x=\"285\" y=\"370\" text-anchor=\"middle\">resources in the store</text>"
  for (k = 1; k <= 6; k++) {
    printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" points=\"", colour[k], dash[k]
    for (i = 1; i <= NR; i++) printf "%.1f,%.1f ", x(n[i]), y(v[k + 1, i] / v[k + 1, 1])
    print "\"/>"
    printf "<line x1=\"515\" x2=\"540\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>\n", 46 + 22 * k, 46 + 22 * k, colour[k], dash[k]
    printf "<text x=\"546\" y=\"%d\">%s: %.2f</text>\n", 50 + 22 * k, name[k], v[k + 1, NR] / v[k + 1, 1]
  }
  print "</svg>"
}'
