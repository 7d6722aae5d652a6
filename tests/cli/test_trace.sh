#!/bin/sh
# `nescsim trace info`: what a trace holds, or which of its lines is wrong.
. tests/cli/cli.sh

# The counts are those of the traced guest's own counters (traces/README.md).
run trace info traces/postmark.blktrace.0.xz
expect 0
out 'blktrace by its content, 22257 requests'
out '254,16   9940    6733        5      5579     71.1       240.9'
out '9.004 s, 2472 requests per second'
out 'Completions are recorded'

# Two devices, small enough to count by hand: 8 KiB at 0, behind it 4 KiB (sequential), and a write elsewhere; 4 KiB of the
# other device. Pages 0 to 3 of both, without 3 of the second: 5 in all.
cat >"$scratch/two.txt" <<'EOT'
  8,0    0        1     0.000000000   100  Q   R 0 + 16 [x]
  8,0    0        2     0.000001000   100  D   R 0 + 16 [x]
  8,0    0        3     0.000011000   100  C   R 0 + 16 [0]
  8,0    0        4     0.000020000   100  Q   R 16 + 8 [x]
  8,0    0        5     0.000021000   100  D   R 16 + 8 [x]
  8,16   0        6     0.000022000   100  Q   W 4 + 1 [x]
  8,16   0        7     0.000023000   100  D   W 4 + 1 [x]
  8,0    0        8     0.000041000   100  C   R 16 + 8 [0]
  8,16   0        9     0.000043000   100  C   W 4 + 1 [0]
  8,0    0       10     0.005000000   100  Q  WS 800 + 8 [x]
  8,0    0       11     0.005001000   100  D  WS 800 + 8 [x]
  8,0    0       12     0.005021000   100  C  WS 800 + 8 [0]
EOT
run trace info "$scratch/two.txt"
expect 0
out 'blkparse by its content, 4 requests'
grep -Eq '^8,0 +2 +1 +0 +0 +0\.0 +0\.0 +5\.3 +33\.3 ' "$scratch/out" || bad 'wrong row of device 8,0'
grep -Eq '^8,16 +0 +1 +0 +0 +0\.0 +0\.0 +0\.5 +0\.0 ' "$scratch/out" || bad 'wrong row of device 8,16'
out 'reads and writes touch 0.0 MiB'
out 'mean 17.500 us from issue, at most 2 at a time'
grep -Eq '512 B +0 +1 +1 us +0$' "$scratch/out" || bad 'wrong smallest size'
grep -Eq '4 KiB +1 +1 +1 ms +0$' "$scratch/out" || bad 'wrong number of 4 KiB requests, or of gaps below 1 ms'
grep -Eq '2 KiB +0 +0 +100 us +1$' "$scratch/out" || bad 'wrong number of gaps below 100 us'

run trace info "$scratch/two.txt" --device 8,16
expect 0
out 'blkparse by its content, 1 requests'
run trace info "$scratch/two.txt" --format blktrace
expect 3
run trace info "$scratch/two.txt" --format blktrase
expect 3
run trace info "$scratch/two.txt" --device sda
expect 3

# Every mistake with its line, nothing on stdout.
sed 's/8,0    0        4     0.000020000/8,0    0        4     0.00002000/; s/WS 800 + 8/WS 8oo + 8/' "$scratch/two.txt" >"$scratch/bad.txt"
run trace info "$scratch/bad.txt"
expect 3
err 'bad.txt:4:'
err 'bad.txt:10:'

run trace info README.md
expect 3
err 'no trace of a known format'

# What else a file may be is told by its first bytes, with what to do; a text's first line is shown.
run trace info configs/randrw.fio
expect 3
err 'a fio job file'
err 'trace generate OUT --job FILE'
run trace info traces/extents/small.map
expect 3
err 'the map of a file'
printf 'PK\003\004....' >"$scratch/packed.zip"
run trace info "$scratch/packed.zip"
expect 3
err 'a zip archive (unpack it first'
printf 'time,lba\n1,2\n' >"$scratch/own.csv"
run trace info "$scratch/own.csv"
expect 3
err "it begins with 'time,lba'"

# A byte order mark is no part of the text; a tar archive of one file is that file, and of two none of them.
{ printf '\357\273\277' && cat traces/samples/alibaba.csv; } >"$scratch/mark.csv"
run trace info "$scratch/mark.csv"
expect 0
out 'alibaba by its content, 96 requests'
mkdir -p "$scratch/d" && cp traces/samples/tencent.csv traces/samples/alibaba.csv "$scratch/d"
tar -czf "$scratch/one.tgz" -C "$scratch" d/tencent.csv
run trace info "$scratch/one.tgz"
expect 0
out 'tencent by its content, 111 requests'
tar -cf "$scratch/both.tar" -C "$scratch" d
run trace info "$scratch/both.tar"
expect 3
err 'the tar archive holds more than one file'
gzip "$scratch/d/tencent.csv"
tar -cf "$scratch/inner.tar" -C "$scratch" d/tencent.csv.gz
run trace info "$scratch/inner.tar"
expect 3
err 'unpack the outer one first'
head -c 10240 /dev/zero >"$scratch/zeros"
run trace info "$scratch/zeros"
expect 3
err 'nothing but zeros'

# A pattern that the shell took apart.
run trace info "$scratch/mark.csv" "$scratch/one.tgz"
expect 2
err "several files as a pattern: 'DIR/*.csv.gz'"
run run configs/tenants.yaml --trace "$scratch/mark.csv" "$scratch/one.tgz"
expect 2
err '--trace takes one word: put a pattern'

# A trace is not converted onto itself.
cp traces/samples/msr.csv.gz "$scratch/usr.csv.gz"
run trace convert "$scratch/usr.csv.gz" "$scratch/usr.csv.gz" --force
expect 2
err "usr.csv.gz' is the trace itself (give another name)"
cmp traces/samples/msr.csv.gz "$scratch/usr.csv.gz" || bad 'a trace was converted onto itself'

run trace info nowhere
expect 4
run trace inof traces/postmark.blktrace.0.xz
expect 2
err 'did you mean info?'
run trace info
expect 2

finish
