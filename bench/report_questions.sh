#!/bin/bash
# report_questions.sh RESULTS: the questions of questions.txt, whole records and the cost of indexing, as
# Markdown, from results.ndjson. A ratio is PostgreSQL's time to ours (rates: ours to its), at the size that
# both were asked at, so that 1 and more is good in every row.
set -eu
cd "$(dirname "$0")/.."
awk '/^#/ { next } /^name: / { name = substr($0, 7) } /^goal: / { print name "\t" substr($0, 7) }' bench/questions.txt |
  jq -cRn '[inputs | split("\t") | .[0] as $name | .[1] / ", " | .[] | split(" ") | {name: $name, way: .[0], goal: (.[1] | tonumber)}] +
    [("_sort=-date", "_sort=-date of all Observations") | {name: ., way: "deep page", goal: 10}]' >"$1.goals"
jq -rs --slurpfile goals "$1.goals" '
def whole: if . == null then "–" else (round | tostring | [while(length > 0; .[:-3] | if . == "" then empty else . end) | .[-3:]] | reverse | join(",")) end;
def short: if . == null then "–" elif . >= 100 then whole elif . >= 10 then (. * 10 | round / 10 | tostring) else (. * 100 | round / 100 | tostring) end;
def ms: if . == null then "–" else (. / 1000 | short) end;
def verdict($ok): if $ok == null then "not measured" elif $ok then "yes" else "**no**" end;
. as $all
| def at($row; $what): $all | map(select(.row == $row and .what == $what)) | last;
(at("machine"; "this").main // "1m") as $main
| ([$all[] | select(.row == "question" and .what == ("PostgreSQL, token, rate, 10m", "PostgreSQL, token, rate, 1m", "PostgreSQL, token, rate, 100k")) | .what | split(", ") | last] | if index($main) then $main else last end) as $both
| {"100k": "100,000", "1m": "1 M", "10m": "10 M"} as $sizes
| "", "Questions (bench/questions.txt). Store of \($sizes[$main]); PostgreSQL and the ratio at \($sizes[$both // "none"] // "no size"). One connection asks each question once.", "",
"| question | way | goal | measured | PostgreSQL | ratio | answers equal | met |",
"|---|---|---|---|---|---|---|---|",
($goals[0][] | . as $g
 | at("question"; "\(.name), \(.way), \($main)") as $z
 | at("question"; "\(.name), \(.way), \($both)") as $s
 | at("question"; "PostgreSQL, \(.name), \(.way), \($both)") as $p
 | at("answers"; "\(.name), \($both)") as $a
 | {"rate": "first page, 64 connections", "one": "first page", "count": "total", "deep page": "page \($z.page // 0 | whole)"}[.way] as $way
 | (if .way == "rate" then "≥ \(.goal | whole)/s, p99 < 10 ms" else "p99 < \(.goal) ms" end) as $goal
 | (if .way == "rate" then "\($z.rate | whole)/s (\($z.cpu_us | short) µs CPU), p99 \($z.p99_us | ms) ms" else "p50 \($z.p50_us | ms), p99 \($z.p99_us | ms) ms" end) as $measured
 | (if $p == null then "–" elif .way == "rate" then "\($p.rate | whole)/s" else "p50 \($p.p50_us | ms), p99 \($p.p99_us | ms) ms" end) as $reference
 | (if $p == null or $s == null then "–" elif .way == "rate" then ($s.rate / $p.rate | short) else ($p.p50_us / ([$s.p50_us, 1] | max) | short) end) as $ratio
 | (if $a == null then "–" else "\($a.equal) of \($a.asked) totals, \($a.ids_equal) of \($a.ids_asked) lists" end) as $answers
 | "| \(.name) | \($way) | \($goal) | \(if $z then $measured else "–" end) | \($reference) | \($ratio) | \($answers) | \(verdict(if $z == null then null elif .way == "rate" then $z.rate >= $g.goal and $z.p99_us < 10000 else $z.p99_us < $g.goal * 1000 end)) |"),
(at("everything"; "8 connections, \($main)") as $e | at("everything"; "1 connections, \($main)") as $e1
 | "| `Patient/[id]/$everything` | 8 connections | ≥ 500,000 resources/s | \($e.rate | whole)/s (\($e.cpu_us | short) µs CPU); one connection \($e1.rate | whole)/s | – | – | – | \(verdict(if $e then $e.rate >= 500000 else null end)) |"),
(at("indexing"; "zdravo") as $w | at("indexing"; "unindexed") as $o
 | "| indexing, of the time of an import | | ≤ 60 % | \(if $w and $o then "\(100 * ($w.ms - $o.ms) / $w.ms | short) % of the time, \(100 * ($w.cpu_us - $o.cpu_us) / $w.cpu_us | short) % of the CPU (\($w.rate | whole)/s with, \($o.rate | whole)/s without)" else "–" end) | – | – | – | \(verdict(if $w and $o then ($w.ms - $o.ms) / $w.ms <= 0.6 else null end)) |")
' "$1"
rm -f "$1.goals"
