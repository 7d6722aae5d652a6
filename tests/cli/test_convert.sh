#!/bin/sh
# `nescsim trace convert`: the same requests in another format, what was lost is said, and a file that is whole or not there.
. tests/cli/cli.sh

results() {
	run run configs/vc707.yaml --schemes host,nesc --set "vms[0].workload.file=$1" --out "$scratch/$2" --quiet
	expect 0
}

# What is converted replays to the same bytes, through formats of every kind that carry all, packed in every way.
sb=traces/sb_rndrw.blktrace.0.xz
results "$PWD/$sb" original
from=$PWD/$sb
for name in a.csv.zst b.blkparse.txt.gz c.blktrace.0.xz d.csv; do
	run trace convert "$from" "$scratch/$name"
	expect 0
	out '6083 requests of 1 device'
	out 'Nothing is lost'
	results "$scratch/$name" "$name.d"
	for file in summary.csv stages.csv units.csv cpu.csv; do
		cmp -s "$scratch/original/$file" "$scratch/$name.d/$file" || bad "$name replays to another $file"
	done
	from=$scratch/$name
done
# There and back again are the same bytes.
run trace convert "$scratch/c.blktrace.0.xz" "$scratch/e.csv"
expect 0
cmp -s "$scratch/d.csv" "$scratch/e.csv" || bad 'converted twice, a trace is another'

# What a format cannot say is said.
run trace convert "$sb" "$scratch/x.msr.csv"
expect 0
out 'Left out: 2406 requests to flush, for which the format has no notation.'
out 'by at most 0.099 us'
out 'Lost: the times of issue of 3677 requests.'
out 'Renamed: device 254,16 is now disk_0.'
run trace convert traces/samples/alibaba.csv "$scratch/y.systor17.csv"
expect 3
err 'the format needs to know when requests completed'
[ ! -e "$scratch/y.systor17.csv" ] || bad 'a failed conversion leaves a file'

# A part of a trace, and one of its devices.
run trace convert "$sb" "$scratch/part.csv" --skip '100 ms' --window '50 ms'
expect 0
run trace info "$scratch/part.csv"
expect 0
grep -Eq '^0\.0[45][0-9] s' "$scratch/out" || bad "a window of 50 ms is $(cat "$scratch/out")"
run trace info "$sb" --skip '100 ms' --window '50 ms'
grep -Eq '^0\.0[45][0-9] s' "$scratch/out" || bad "a window of 50 ms is $(cat "$scratch/out")"
run trace convert traces/samples/msr.csv.gz "$scratch/part.fio" --device smp_0
expect 0
out 'of 1 device'
run trace convert traces/samples/msr.csv.gz "$scratch/other.fio" --device usr_99
expect 3
err "no request of device 'usr_99'"
run trace info "$sb" --skip '10 bananas'
expect 2
err "skip: '10 bananas' is not a duration"

# Names, formats, files.
run trace convert "$sb" "$scratch/x.msr.csv"
expect 2
err 'is there already'
err '--force'
run trace convert "$sb" "$scratch/x.msr.csv" --force --to csv
expect 0
run trace info "$scratch/x.msr.csv"
out 'csv by its content, 6083 requests'
run trace convert "$sb" "$scratch/x.trace"
expect 2
err 'does not say which format'
run trace convert "$sb" "$scratch/x.trace" --to cvs
expect 2
err "there is no format 'cvs' that can be written"
run trace convert "$sb" "$scratch/nowhere/x.csv"
expect 4
err 'No such file or directory'
run trace convert "$sb" "$scratch"
expect 2
# It would not be read alone: as CPU 1's file, or with what CPU 1 recorded.
run trace convert "$sb" "$scratch/parts.blktrace.1"
expect 2
err 'one of several files of a recording'
: >"$scratch/parts.blktrace.1"
run trace convert "$sb" "$scratch/parts.blktrace.0.xz"
expect 2
err 'one of several files of a recording'
run trace convert "$sb"
expect 2
err 'nescsim trace convert FILE OUT'
run trace info "$sb" --force
expect 2
err "'trace info' has no option --force"

# A broken trace is said with its line, and nothing is written.
sed '300s/,read,/,raed,/; 300s/,write,/,wrote,/; 300s/,flush,/,flash,/' "$scratch/d.csv" >"$scratch/broken.csv"
run trace convert "$scratch/broken.csv" "$scratch/z.csv"
expect 3
err 'broken.csv:300:'
left=$(find "$scratch" -name 'z.csv*' -o -name '*.partial*')
[ -z "$left" ] || bad "left behind: $left"

finish
