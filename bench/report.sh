#!/bin/bash
# report.sh RESULTS: the table of goals, figures, references and ratios, as Markdown, from results.ndjson.
# A ratio is ours to the goal or to the reference, so that 1 and more is good in every row.
set -eu
jq -rs '
def at($row; $what): map(select(.row == $row and .what == $what)) | last;
def first_of($row; $prefix): map(select(.row == $row and (.what | startswith($prefix)))) | last;
def whole: if . == null then "–" else (round | tostring | [while(length > 0; .[:-3] | if . == "" then empty else . end) | .[-3:]] | reverse | join(",")) end;
def short: if . == null then "–" elif . >= 100 then whole elif . >= 10 then (. * 10 | round / 10 | tostring) else (. * 100 | round / 100 | tostring) end;
def ratio($a; $b): if $a == null or $b == null or $b == 0 then "–" else ($a / $b | short) end;
def verdict($ok): if $ok == null then "not measured" elif $ok then "yes" else "**no**" end;
def line($work; $goal; $measured; $reference; $ratio; $ok): "| \($work) | \($goal) | \($measured) | \($reference) | \($ratio) | \(verdict($ok)) |";
def per_s: if . == null or .rate == null then "–" else "\(.rate | whole)/s" end;
def cpu: if . == null or .cpu_us == null then "" else " (\(.cpu_us | short) µs CPU)" end;

. as $all
| at("machine"; "this") as $m
| ($m.main // "1m") as $main
| {"100k": "100,000", "1m": "1 M", "10m": "10 M"}[$main] as $size
| at("read"; "zdravo, 2,000 ids") as $z | at("read"; "nginx, 2,000 ids") as $ng | at("read"; "nginx with open_file_cache, 2,000 ids") as $ngc
| at("read"; "zdravo, one id") as $z1 | at("read"; "nginx, one id") as $ng1
| at("bundles"; "zdravo over HTTP") as $bh | at("bundles"; "zdravo import") as $bi | at("bundles"; "PostgreSQL, COPY per bundle") as $bp
| at("import"; "zdravo, \($main)") as $im | at("import"; "PostgreSQL, COPY of 8 MB pieces") as $ip
| at("small"; "zdravo, 128 connections") as $sm | at("small"; "PostgreSQL, 128 connections") as $sp
| ([at("small"; "disk before").rate, at("small"; "disk after").rate] | map(select(. != null)) | if length > 0 then add / length else null end) as $sync
| (if $sync == null then 20000 else [20000, 20 * $sync] | min end) as $goal
| at("beside"; "small writes alone") as $alone | at("beside"; "small writes beside 25,000 entries") as $beside | at("beside"; "25,000 entries, one of three") as $big
| at("search"; "point read") as $read
| at("export"; "zdravo") as $ex | at("export"; "cat to a file") as $cat | at("export"; "cat to nowhere") as $cat0
| at("disk"; "zdravo, \($main)") as $disk | at("disk"; "raw JSON, \($main)") as $raw | at("disk"; "gzip -6") as $gz | at("disk"; "zstd -3") as $zs | at("disk"; "PostgreSQL") as $pd
| at("process"; "idle memory, \($main)") as $mem | at("process"; "cold start, \($main)") as $cold | at("process"; "restart after kill -9, \($main)") as $restart
| at("count"; "Condition by code, \($main)") as $c1 | at("count"; "Observation by code, \($main)") as $c2 | at("count"; "any code in turn, \($main)") as $c3
|
"Machine: \($m.cpu), \($m.cores) cores, \($m.ram_mb / 1024 | round) GB, \($m.kernel), \($m.disk). \($m.date), commit \($m.commit), load of the machine at the start \($m.load). Store of \($size) resources where none is named.", "",
"| work | goal | measured | reference in the same run | ratio | met |",
"|---|---|---|---|---|---|",
line("point read, 64 connections, 2,000 ids in turn"; "≥ nginx"; "\($z | per_s)\($z | cpu), p99 \(($z.p99_us // null) | short) µs"; "nginx \($ng | per_s)\($ng | cpu); with open_file_cache \($ngc | per_s)"; ratio($z.rate; $ng.rate); if $z and $ng then $z.rate >= $ng.rate else null end),
line("the same, one id"; "≥ nginx"; "\($z1 | per_s)\($z1 | cpu)"; "nginx \($ng1 | per_s)\($ng1 | cpu)"; ratio($z1.rate; $ng1.rate); if $z1 and $ng1 then $z1.rate >= $ng1.rate else null end),
line("transaction bundles over HTTP, 8 connections"; "≥ 60,000 resources/s"; "\($bh | per_s)\($bh | cpu)"; "PostgreSQL \($bp | per_s)\($bp | cpu)"; "\(ratio($bh.rate; 60000)) of goal, \(ratio($bh.rate; $bp.rate)) × PostgreSQL"; if $bh then $bh.rate >= 60000 else null end),
line("transaction bundles, `import`"; "≥ 60,000 resources/s"; "\($bi | per_s)\($bi | cpu)"; "PostgreSQL \($bp | per_s)"; "\(ratio($bi.rate; 60000)) of goal, \(ratio($bi.rate; $bp.rate)) × PostgreSQL"; if $bi then $bi.rate >= 60000 else null end),
line("NDJSON import, \($size)"; "≥ 120,000 resources/s"; "\($im | per_s)\($im | cpu)"; "PostgreSQL \($ip | per_s)\($ip | cpu)"; "\(ratio($im.rate; 120000)) of goal, \(ratio($im.rate; $ip.rate)) × PostgreSQL"; if $im then $im.rate >= 120000 else null end),
line("small durable transactions, 128 connections"; "≥ \($goal | whole)/s (20,000, or 20 × the disk)"; "\($sm | per_s)\($sm | cpu), p99 \(($sm.p99_us // null) | short) µs"; "disk \($sync | whole) syncs/s; PostgreSQL \($sp | per_s)"; "\(ratio($sm.rate; $goal)) of goal, \(ratio($sm.rate; $sp.rate)) × PostgreSQL"; if $sm then $sm.rate >= $goal else null end),
line("p99 of a small write beside the 25,000-entry transaction"; "< 50 ms"; "\(($beside.p99_us // null) | if . then . / 1000 else . end | short) ms (a transaction \($big.ms // null | whole) ms)"; "alone \(($alone.p99_us // null) | if . then . / 1000 else . end | short) ms"; ratio(50000; $beside.p99_us); if $beside then $beside.p99_us < 50000 else null end),
(("token", "reference", "date", "string", "code") as $k
 | at("search"; "\($k), 10 a page") as $s | at("search"; "\($k), default page") as $d
 | line("search by \(if $k == "code" then "token that very many have" else $k end), first page of 10, 64 connections"; "≥ 12,000/s, p99 < 10 ms"; "\($s | per_s)\($s | cpu), p99 \(($s.p99_us // null) | if . then . / 1000 else . end | short) ms; default page (50) \($d | per_s), p99 \(($d.p99_us // null) | if . then . / 1000 else . end | short) ms"; "point read \($read | per_s)"; ratio($s.rate; 12000); if $s then $s.rate >= 12000 and $s.p99_us < 10000 else null end)),
line("`_summary=count` by a code, \($size)"; "< 1 ms"; "Condition \(($c1.p50_us // null) | short) µs, Observation \(($c2.p50_us // null) | short) µs, all codes in turn p50 \(($c3.p50_us // null) | short) µs, p99 \(($c3.p99_us // null) | short) µs"; "–"; ratio(1000; $c3.p50_us); if $c3 then $c1.p50_us < 1000 and $c2.p50_us < 1000 and $c3.p50_us < 1000 else null end),
line("export NDJSON"; "≥ 500,000 resources/s"; "\($ex | per_s)\($ex | cpu)"; "cat to a file \($cat | per_s), to nowhere \($cat0 | per_s)"; "\(ratio($ex.rate; 500000)) of goal, \(ratio($ex.rate; $cat.rate)) × cat"; if $ex then $ex.rate >= 500000 else null end),
line("disk per resource after compaction"; "≤ 300 bytes"; "\(($disk.bytes_each // null) | whole) bytes"; "raw \(($raw.bytes_each // null) | whole), gzip -6 \(($gz.bytes_each // null) | whole), zstd -3 \(($zs.bytes_each // null) | whole), PostgreSQL \(($pd.bytes_each // null) | whole)"; ratio(300; $disk.bytes_each); if $disk then $disk.bytes_each <= 300 else null end),
line("idle memory, \($size)"; "< 64 MB"; "\(($mem.mb // null) | short) MB resident, \(($mem.anonymous_mb // null) | short) MB of it anonymous"; "–"; ratio(64; $mem.mb); if $mem then $mem.mb < 64 else null end),
line("cold start, \($size)"; "< 50 ms"; "\(($cold.ms // null) | short) ms"; "–"; ratio(50; $cold.ms); if $cold then $cold.ms < 50 else null end),
line("restart after kill -9, \($size)"; "< 1 s"; "\(($restart.ms // null) | short) ms (worst \(($restart.highest // null) | short))"; "–"; ratio(1000; $restart.ms); if $restart then $restart.highest < 1000 else null end),
"",
"Growth:", "",
"| resources | import, resources/s | bundles into it, resources/s (CPU µs) | read/s | search/s | search p50, 1 connection | small transactions/s (CPU µs) | bytes each | cold start | idle MB |",
"|---|---|---|---|---|---|---|---|---|---|",
(("100k", "1m", "10m") as $s | select(($all | at("growth"; "size, \($s)")) != null)
 | ($all | at("growth"; "import of bundles into it, \($s)")) as $b
 | "| \($all | at("growth"; "size, \($s)").resources | whole) | \($all | at("import"; "zdravo, \($s)").rate | whole) | \($b.rate | whole) (\($b.cpu_us | short)) | \($all | at("growth"; "read, \($s)").rate | whole) | \($all | at("growth"; "search, \($s)").rate | whole) | \($all | at("growth"; "search, one connection, \($s)").p50_us | short) µs | \($all | at("growth"; "small write, \($s)").rate | whole) (\($all | at("growth"; "small write, \($s)").cpu_us | short)) | \($all | at("disk"; "zdravo, \($s)").bytes_each | whole) | \($all | at("process"; "cold start, \($s)").ms | short) ms | \($all | at("process"; "idle memory, \($s)").mb | short) |"),
"",
"Engines (100 resources a durable batch, 20 index entries each):", "",
"| engine | resources/s | CPU µs each | bytes written each | bytes on disk each |",
"|---|---|---|---|---|",
(("zdravo", "rocksdb") as $e | ($all | at("engines"; $e)) as $r | select($r) | "| \($e) | \($r.rate | whole) | \($r.cpu_us | short) | \($r.written | whole) | \($r.bytes_each | whole) |")
' "$1"
