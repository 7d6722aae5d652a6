#!/bin/sh
# `nescsim sweep`: a grid is run and its table is the same however it comes about: with one job or two, after crashes, in
# two steps. Mistakes are found before anything runs, and failures lose nothing.
. tests/cli/cli.sh
dd='configs/dd.yaml --schemes nesc --set vms[0].workload.count=300'

# sweep WORDS: as run, with the settings above.
sweep() {
	# shellcheck disable=SC2086 # several words
	run sweep $dd "$@"
}

same_table() {
	cmp -s "$scratch/whole/sweep.csv" "$scratch/$1/sweep.csv" || bad "$2: another sweep.csv"
}

# A grid: rows in the order of the points, parameters first.
grid='--param nesc.btlb.entries=1..4*2 --param zip:nesc.walker.count=1,2;sim.warmup=10,20'
# shellcheck disable=SC2086
sweep $grid --jobs 1 --out "$scratch/whole"
expect 0
out '6 points: 6 run'
head -n 1 "$scratch/whole/sweep.csv" |
	grep -q '^nesc.btlb.entries,nesc.walker.count,sim.warmup,scheme,layer,vm,op,requests,.*,btlb_hit_rate_percent' ||
	bad "sweep.csv has other columns: $(head -n 1 "$scratch/whole/sweep.csv")"
[ "$(sed 1d "$scratch/whole/sweep.csv" | cut -d, -f1-3 | uniq | tr '\n' ' ')" = \
	'1,1,10 1,2,20 2,1,10 2,2,20 4,1,10 4,2,20 ' ] || bad "the rows are in another order"
# A point is what a run leaves.
"$tool" run configs/dd.yaml --schemes nesc --set 'vms[0].workload.count=300' --set nesc.btlb.entries=2 \
	--set nesc.walker.count=1 --set sim.warmup=10 --out "$scratch/run" --quiet
diff -r "$scratch/run" "$scratch/whole/points/0003" >"$scratch/diff" || bad "point 3 is no run: $(cat "$scratch/diff")"
sed '1d; s/^/2,1,10,/' "$scratch/run/summary.csv" >"$scratch/rows"
sed -n '/^2,1,10,/p' "$scratch/whole/sweep.csv" | cut -d, -f"1-$(awk -F, 'NR == 1 { print NF }' "$scratch/rows")" |
	cmp -s - "$scratch/rows" || bad "the rows of point 3 are not those of its summary.csv"
[ -z "$(find "$scratch/whole" -name '*.log' -o -name '*partial*')" ] || bad "more is left than results"
if grep -rqF -e "$PWD" -e "$scratch" "$scratch/whole"; then
	bad "the folder knows where it was made"
fi

# shellcheck disable=SC2086
sweep $grid --jobs 2 --out "$scratch/two"
expect 0
same_table two 'two jobs'

# The section of a file says the same.
cat >"$scratch/file.yaml" <<EOF
base: $PWD/configs/dd.yaml
sweep:
  params: [nesc.btlb.entries=1..4*2, 'zip:nesc.walker.count=1,2;sim.warmup=10,20']
EOF
run sweep "$scratch/file.yaml" --schemes nesc --set 'vms[0].workload.count=300' --out "$scratch/file"
expect 0
same_table file 'the section sweep'

# An earlier sweep is kept, and continued where it differs only.
# shellcheck disable=SC2086
sweep $grid --out "$scratch/two"
expect 2
err '--resume keeps'
: >"$scratch/two/points/0002.log" # of a process that was killed just behind its result
# shellcheck disable=SC2086
sweep $grid --out "$scratch/two" --resume
expect 0
out '6 points: 0 run, 6 kept'
[ ! -e "$scratch/two/points/0002.log" ] || bad "an empty log stays"
# shellcheck disable=SC2086
sweep $grid --param nesc.vlba_queue=8,16 --out "$scratch/more"
expect 0
# shellcheck disable=SC2086
sweep $grid --out "$scratch/more" --resume
expect 0
same_table more 'a smaller sweep in the folder of a larger one'
sweep --param nesc.btlb.entries=1..4*2 --param 'zip:nesc.walker.count=1,2;sim.warmup=10,30' --out "$scratch/two" --resume
expect 0
out '6 points: 3 run, 3 kept'
rm -r "$scratch/two/points/0002"
echo '{' >"$scratch/two/points/0003/result.json"
# shellcheck disable=SC2086
sweep $grid --out "$scratch/two" --resume
case $code in
0) bad "a broken result.json, which is not known as ours, was replaced" ;;
esac
err "point 3 (nesc.btlb.entries=2, nesc.walker.count=1, sim.warmup=10) failed"
rm -r "$scratch/two/points/0003"
# shellcheck disable=SC2086
sweep $grid --out "$scratch/two" --resume
expect 0
same_table two 'resumed'

# Repeats: seeds that follow each other, and two more groups of rows.
sweep --repeat 3 --seed 5 --param nesc.btlb.entries=1,2 --set vms[0].workload.pattern=random --out "$scratch/repeat"
expect 0
out '6 points: 6 run'
[ "$(grep -h '"seed": [0-9]*,$' "$scratch"/repeat/points/*/result.json | grep -v '^    ' | tr -cd '0-9\n' | tr '\n' ' ')" = \
	'5 6 7 5 6 7 ' ] || bad "other seeds than 5, 6, 7"
[ "$(sed 1d "$scratch/repeat/sweep.csv" | cut -d, -f1,2 | uniq | tr '\n' ' ')" = \
	'1,1 1,2 1,3 1,mean 1,ci95 2,1 2,2 2,3 2,mean 2,ci95 ' ] || bad "the repeats' rows are in another order"
grep -q '^1,mean,nesc,block,all,all,300.000000,' "$scratch/repeat/sweep.csv" || bad "no mean of requests"
grep -q '^1,ci95,nesc,block,all,all,0.000000,' "$scratch/repeat/sweep.csv" || bad "no half-width of requests"

# Points that fail are told with their parameters and log; the others go on.
run sweep configs/dd.yaml --schemes host --set vms[0].workload.count=200 --param vms[0].workload.op=read,write --out "$scratch/holes" \
	--set 'vms[0].disk={bytes: 512 MiB, map: {kind: fragmented, hole_percent: 50}}' --param nesc.btlb.entries=4,8
expect 1
err "points/0003.log: error: point 3 (vms[0].workload.op=write, nesc.btlb.entries=4) failed: host: "
err "point 4 (vms[0].workload.op=write, nesc.btlb.entries=8) failed"
grep -q 'a block has no mapping' "$scratch/holes/points/0003.log" || bad "the log does not say why"
[ "$(sed 1d "$scratch/holes/sweep.csv" | cut -d, -f1,2 | uniq | tr '\n' ' ')" = 'read,4 read,8 ' ] ||
	bad "sweep.csv lacks the points that went well"

# Mistakes: all at once, each with its parameter, and before anything is written.
sweep --param nesc.btlb.entries=4,0 --param nesc.walker.cuont=1,2 --out "$scratch/none"
expect 3
err '--param: error: nesc.walker.cuont: unknown key: in every point'
err '--param: error: nesc.btlb.entries: 0 is out of range 1 ... 1024: in 2 of 4 points, first with nesc.btlb.entries=0'
for params in nesc.btlb.entries= nesc.btlb.entries nesc.btlb.entries=4..1 nesc.btlb.entries=1..1000000000; do
	sweep --param "$params" --out "$scratch/none"
	expect 2
done
sweep --param sim.seed=1..100000 --param nesc.btlb.entries=1..1000 --param nesc.walker.count=1..10 --out "$scratch/none"
expect 2
err '100000 x 1000 x 10 points are more than 1000000'
sweep --param nesc.btlb.entries=1 --param nesc.btlb.entries=2 --out "$scratch/none"
expect 2
err 'swept twice'
sweep --out "$scratch/none"
expect 2
sweep --param nesc.btlb.entries=1 --executor locla --out "$scratch/none"
expect 2
err 'there is local'
for words in '--jobs 0' '--jobs x' '--repeat 0' '--repeat -1'; do
	# shellcheck disable=SC2086
	sweep --param nesc.btlb.entries=1 $words --out "$scratch/none"
	expect 2
done
[ ! -e "$scratch/none" ] || bad "a wrong sweep left a folder"

# What is not ours is not touched; where nothing can be written nothing runs.
mkdir "$scratch/mine" && echo text >"$scratch/mine/notes"
sweep --param nesc.btlb.entries=1,2 --out "$scratch/mine" --resume
expect 2
[ "$(ls "$scratch/mine")" = notes ] || bad "a foreign folder was changed"
sweep --param nesc.btlb.entries=1,2 --out "$scratch/mine/notes"
expect 2
sweep --param nesc.btlb.entries=1,2 --out /proc/sweep
expect 4

# Killed at some moment, again and again, and then resumed: the table is the same. The moments are spread over half of what the
# sweep takes.
longer='--param nesc.btlb.entries=1..16 --set vms[0].workload.count=3000'
begin=$(date +%s%N)
# shellcheck disable=SC2086
sweep $longer --jobs 2 --out "$scratch/undisturbed"
expect 0
took_ms=$((($(date +%s%N) - begin) / 1000000))
for round in 1 2 3 4 5 6 7 8; do
	# shellcheck disable=SC2086
	"$tool" sweep $dd $longer --jobs 2 --out "$scratch/killed" --resume >/dev/null 2>&1 &
	process=$!
	sleep "$(awk -v ms="$took_ms" -v round="$round" -v seed="$begin" \
		'BEGIN { srand(seed % 100000 + round); print ms / 1000 * rand() / 2 }')"
	kill -9 "$process" 2>/dev/null
	wait "$process" 2>/dev/null
done
# shellcheck disable=SC2086
sweep $longer --jobs 2 --out "$scratch/killed" --resume
expect 0
diff -r "$scratch/undisturbed" "$scratch/killed" >"$scratch/diff" || bad "killed and resumed: $(cat "$scratch/diff")"

# Two at once in one folder would take each other's files away.
"$tool" sweep configs/dd.yaml --schemes nesc --param 'vms[0].workload.count=100000000' --out "$scratch/busy" 2>/dev/null &
process=$!
while [ ! -e "$scratch/busy/points/0001.log" ]; do sleep 0.05; done
run sweep configs/dd.yaml --schemes nesc --param 'vms[0].workload.count=1' --out "$scratch/busy" --resume
expect 2
err 'another sweep is at work'
# Killed, it leaves nothing at work.
children=$(grep -sl "^PPid:[[:space:]]*$process\$" /proc/[0-9]*/status | cut -d/ -f3)
[ -n "$children" ] || bad "the sweep runs no process"
kill -9 "$process"
wait "$process" 2>/dev/null
for try in 1 2 3 4 5 6 7 8 9 10; do
	alive=
	for child in $children; do
		case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$child/status" 2>/dev/null) in
		'' | Z* | X*) ;;
		*) alive="$alive $child" ;;
		esac
	done
	[ -n "$alive" ] || break
	sleep 0.1
done
[ -z "$alive" ] || bad "orphans are at work after $try tenths of a second:$alive"
run sweep configs/dd.yaml --schemes nesc --param 'vms[0].workload.count=1' --out "$scratch/busy" --resume
expect 0

# Interrupted: within a second, no finished point is lost, no table looks whole.
for signal in TERM INT HUP; do
	rm -rf "$scratch/cut"
	begin=$(date +%s%N)
	# `timeout` gives up after the first moment and then waits for the end. Who runs the tests in the background ignores
	# SIGINT, hence `env`.
	timeout -k 10 -s "$signal" 1 env --default-signal "$tool" sweep configs/dd.yaml --schemes nesc --jobs 2 --out "$scratch/cut" \
		--param 'zip:vms[0].workload.count=1,100000000,100000000;nesc.btlb.entries=1,2,3' >"$scratch/out" 2>"$scratch/err"
	code=$?
	took_ms=$((($(date +%s%N) - begin) / 1000000))
	[ "$code" -eq 124 ] || bad "SIG$signal: exit code $code: $(cat "$scratch/err")"
	[ "$took_ms" -lt 2000 ] || bad "SIG$signal: ended after $((took_ms - 1000)) ms"
	grep -q 'interrupted.*--resume' "$scratch/err" || bad "SIG$signal: $(cat "$scratch/err")"
	grep -qF "$scratch/cut: warning: 1 of 3 points are done" "$scratch/err" || bad "SIG$signal: $(cat "$scratch/err")"
	[ "$(ls "$scratch/cut/points")" = 0001 ] || bad "SIG$signal: left $(ls "$scratch/cut/points")"
	[ ! -e "$scratch/cut/sweep.csv" ] || bad "SIG$signal: a table of a part"
done

# Labels are columns, and set nothing.
sweep --param 'zip:@size=small,"large, or so";nesc.btlb.entries=1,4' --out "$scratch/labels"
expect 0
sed 's/,[^,]*,[^,]*/,/' "$scratch/labels/sweep.csv" | head -n 1 | grep -q '^size,' || bad 'a label is no column'
[ "$(grep -c '^"large, or so",4,nesc' "$scratch/labels/sweep.csv")" -gt 0 ] || bad 'a label does not stand beside what it names'
cmp "$scratch/labels/points/0002/summary.csv" "$scratch/whole/points/0005/summary.csv" >/dev/null &&
	bad 'the test compares points that are alike'
grep -q '"@size"' "$scratch/labels/sweep.json" || bad 'sweep.json does not say that it is a label'

# All files that points name are looked at before the first one runs, and counted.
run sweep configs/vc707.yaml --param vms[0].workload.file=nowhere,traces/postmark.blktrace.0.xz,neither --out "$scratch/files"
expect 4
err "cannot read trace 'nowhere': No such file or directory: with vms[0].workload.file=nowhere"
err "cannot read trace 'neither'"
[ ! -e "$scratch/files" ] || bad 'something was written although files are missing'
sweep --param nesc.btlb.entries=1..5 --set vms[0].workload.count=1000 --repeat 2 --dry-run --out "$scratch/files"
expect 0
out '10 points'
out 'To run: 10 points, 10000 requests in all schemes, about 1 s'
# Jobs of a fio job file are counted when they end by their number of requests, and not when they end by the clock.
run sweep configs/fio.yaml --schemes nesc --param sim.seed=1,2 --dry-run --out "$scratch/none"
out 'To run: 2 points, 4300 requests in all schemes, about 1 s'
run sweep configs/fio.yaml --schemes nesc --set 'vms[0].workload={kind: fio, rw: read, runtime: 1 ms, time_based: true}' --param sim.seed=1,2 --dry-run --out "$scratch/none"
expect 0
out 'To run: 2 points, at least 0 requests in all schemes (some workloads do not say how many they have)'
run sweep configs/fio.yaml --schemes nesc --param 'vms[0].workload={kind: fio, rw: read, runtime: 1 ms, time_based: true},{kind: fio, rw: read, number_ios: 10}' --dry-run --out "$scratch/none"
out 'To run: 2 points, at least 10 requests in all schemes (some workloads do not say how many they have)'
[ ! -e "$scratch/files" ] || bad '--dry-run writes'
sweep --param nesc.btlb.entries=1,8 --set vms[0].workload.count=1000000 --schemes host,nesc --jobs 2 --dry-run --out "$scratch/files"
out '4000000 requests in all schemes, about 4 s'
sweep --param 'zip:@size=small,large;nesc.btlb.entries=1,8' --resume --dry-run --out "$scratch/labels"
expect 0
out '2 points, 1 kept'
out 'To run: 1 point, 300 requests'

# A configuration that is edited while its sweep runs: points are those of the file as it was.
cat >"$scratch/edited.yaml" <<EOF
base: $PWD/configs/dd.yaml
vms: [{workload: {kind: dd, request_bytes: 4 KiB, count: 20000}}]
EOF
cp "$scratch/edited.yaml" "$scratch/original.yaml"
"$tool" sweep "$scratch/edited.yaml" --schemes nesc --param nesc.btlb.entries=1..12 --jobs 1 --quiet --out "$scratch/edit" &
pid=$!
while [ ! -e "$scratch/edit/points/0001" ] && kill -0 $pid; do sleep 0.01; done
sed -i 's/4 KiB/8 KiB/' "$scratch/edited.yaml"
wait $pid || bad 'an edit in the middle of a sweep fails it'
run sweep "$scratch/original.yaml" --schemes nesc --param nesc.btlb.entries=1..12 --quiet --out "$scratch/unedited"
cmp "$scratch/edit/sweep.csv" "$scratch/unedited/sweep.csv" || bad 'an edit in the middle of a sweep changes it'
# And a part is not added to a sweep of another file.
run sweep "$scratch/edited.yaml" --schemes nesc --param nesc.btlb.entries=1..12 --points 3 --out "$scratch/edit"
expect 2
err 'a configuration that was edited since'

# A point that has lost a file is made again; a part takes the table away.
rm "$scratch/unedited/points/0002/units.csv"
run sweep "$scratch/original.yaml" --schemes nesc --param nesc.btlb.entries=1..12 --points 2 --out "$scratch/unedited"
expect 0
out '1 point: 1 run'
[ ! -e "$scratch/unedited/sweep.csv" ] || bad 'a table that is not of all points'
run sweep "$scratch/original.yaml" --schemes nesc --param nesc.btlb.entries=1..12 --resume --out "$scratch/unedited"
expect 0
cmp "$scratch/edit/sweep.csv" "$scratch/unedited/sweep.csv" || bad 'a point that was made again changes the table'

# A sweep that grows, or whose values change places, keeps its results under other numbers.
# grown NAME KEPT WORDS: resumed with these parameters, it keeps so many; then it is as a new one.
cp -r "$scratch/whole" "$scratch/grown"
grown() {
	kept=$1
	shift
	sweep "$@" --out "$scratch/grown" --resume
	expect 0
	out "$kept kept"
	rm -rf "$scratch/new"
	sweep "$@" --quiet --out "$scratch/new"
	expect 0
	diff -r "$scratch/new" "$scratch/grown" >"$scratch/diff" || bad "grown to $*: $(cat "$scratch/diff")"
}
rest='zip:nesc.walker.count=1,2;sim.warmup=10,20'
grown 6 --param nesc.btlb.entries=1,2,3,4 --param "$rest"
grown 8 --param nesc.btlb.entries=4,3,2,1 --param "$rest"
grown 8 --param "$rest" --param nesc.btlb.entries=1..4
grown 8 --param "$rest" --param nesc.btlb.entries=1..4 --repeat 2
sweep --param "$rest" --param nesc.btlb.entries=1..4 --repeat 3 --out "$scratch/grown" --resume --dry-run
out '24 points, 16 kept'
# One was killed between two places.
mv "$scratch/grown/points/0005" "$scratch/grown/points/moved-0123456789abcdef-4"
cp -r "$scratch/grown/points/0006" "$scratch/grown/points/moved-0123456789abcdef-5"
grown 16 --param "$rest" --param nesc.btlb.entries=1..4 --repeat 2
# What another sweep moves while it has the folder is looked at afterwards.
(
	flock 9
	: >"$scratch/locked"
	sleep 0.4
	cd "$scratch/grown/points" && mv 0001 way && mv 0004 0001 && mv way 0004
) 9<"$scratch/grown" &
while [ ! -e "$scratch/locked" ]; do sleep 0.01; done
grown 16 --param "$rest" --param nesc.btlb.entries=1..4 --repeat 2
wait
# Files of others in a place are left alone: the point cannot be put there, and says so.
cp -r "$scratch/grown" "$scratch/guest"
echo 'mine' >"$scratch/guest/points/0001/notes.txt"
sweep --param "$rest" --param nesc.btlb.entries=4,3,2 --repeat 2 --quiet --out "$scratch/guest" --resume
expect 1
err "the folder holds 'notes.txt', which replacing the results would delete"
[ "$(cat "$scratch/guest/points/0001/notes.txt")" = mine ] || bad 'a file of somebody else is gone'
# What does not fit any more is not taken for anything else.
sweep --param nesc.btlb.entries=1..4 --set vms[0].workload.depth=3 --out "$scratch/grown" --resume
out '4 points: 4 run'

# Nor is a result of another trace, be it of the same name and length. trace STEP: writes it.
trace() {
	awk -v step="$1" 'BEGIN {
		print "time_us,op,offset_bytes,size_bytes"
		for (i = 0; i < 20000; i++)
			printf "%d,read,%d,4096\n", i, (i * step % 18000 + 244141) * 4096
	}' >"$scratch/new_trace"
	mv "$scratch/new_trace" "$scratch/trace.csv"
}
cat >"$scratch/traced.yaml" <<EOF
base: $PWD/configs/vc707.yaml
vms: [{workload: {kind: trace, file: trace.csv, policy: fast}}]
EOF
traced() {
	run sweep "$scratch/traced.yaml" --schemes nesc --param nesc.btlb.entries=1..12 --jobs 1 "$@"
}
trace 3
traced --quiet --out "$scratch/traced"
expect 0
num_bytes=$(wc -c <"$scratch/trace.csv")
trace 5
[ "$(wc -c <"$scratch/trace.csv")" -eq "$num_bytes" ] || bad 'the traces differ in length'
traced --out "$scratch/traced" --resume
expect 0
out '12 points: 12 run'
traced --out "$scratch/traced" --resume
out '12 points: 0 run, 12 kept'
traced --quiet --out "$scratch/traced_new"
diff -r "$scratch/traced" "$scratch/traced_new" >"$scratch/diff" || bad "another trace: $(cat "$scratch/diff")"
# In the middle of a sweep: what was made of the new one is told, is in no table, and is kept for who wants it. changed POINT
# ARGUMENT...: the trace is another one as soon as the point is there.
changed() {
	first=$(printf '%04d' "$1")
	shift
	"$tool" sweep "$scratch/traced.yaml" --schemes nesc --jobs 1 --quiet --out "$scratch/traced" "$@" 2>"$scratch/err" &
	pid=$!
	while [ ! -e "$scratch/traced/points/$first" ] && kill -0 $pid; do sleep 0.01; done
	trace 5
	wait $pid && bad 'results of two traces in one table'
	err 'point 12 (nesc.btlb.entries=12) failed: a file that it reads (a trace or a map) was changed while the sweep ran'
	grep -q 'was changed while the sweep ran' "$scratch/traced/points/0012.log" || bad 'the log does not say it'
	[ ! -e "$scratch/traced/points/0012" ] || bad 'a result of the new trace is in the place of one of the old'
	! grep -q '^12,' "$scratch/traced/sweep.csv" || bad 'a table with both traces'
	grep -q '^1,' "$scratch/traced/sweep.csv" || bad 'a table without the old trace'
}
rm -rf "$scratch/traced"
trace 3
changed 1 --param nesc.btlb.entries=1..12
traced --out "$scratch/traced" --resume
expect 0
! grep -q ' 0 kept' "$scratch/out" || bad 'what was made of the new trace is made again'
diff -r "$scratch/traced" "$scratch/traced_new" >"$scratch/diff" || bad "a trace changed in the middle: $(cat "$scratch/diff")"
# Where some are kept, too; and back to the old trace.
rm -rf "$scratch/traced"
trace 3
run sweep "$scratch/traced.yaml" --schemes nesc --param nesc.btlb.entries=1..3 --out "$scratch/traced"
changed 4 --param nesc.btlb.entries=1..12 --resume
for i in 1 2 3; do
	grep -q "^$i," "$scratch/traced/sweep.csv" || bad 'a table without what was kept'
done
trace 3
run sweep "$scratch/traced.yaml" --schemes nesc --param nesc.btlb.entries=1..3 --out "$scratch/traced" --resume
expect 0
out '3 points: 0 run, 3 kept'

# A point that fails says why, whatever is left of an earlier one.
cat >"$scratch/holes.yaml" <<EOF
base: $PWD/configs/vc707.yaml
vms: [{disk: {bytes: 512 MiB, map: {kind: fragmented, hole_percent: 50}}, workload: {kind: trace, file: holes.csv}}]
EOF
holes() {
	awk -v op="$1" 'BEGIN {
		print "time_us,op,offset_bytes,size_bytes"
		for (i = 0; i < 500; i++)
			printf "%d,%s,%d,4096\n", i, op, i * 1048576
	}' >"$scratch/holes.csv"
	run sweep "$scratch/holes.yaml" --schemes host --param sim.seed=1,2 --out "$scratch/holes" --resume
}
holes read
expect 0
holes write
expect 1
err 'point 1 (sim.seed=1) failed: host: '
err 'a block has no mapping'

# What stands in the table was simulated, whatever order keys are named in.
sweep --param nesc.btlb.entries=1,2 --set nesc.btlb.entries=4 --out "$scratch/none"
expect 2
err "'nesc.btlb.entries' is swept, and set for all points"
sweep --param vms[0].workload.depth=1,8 --param 'vms[0].workload={op: read, depth: 2}' --out "$scratch/child_first"
expect 0
sweep --param 'vms[0].workload={op: read, depth: 2}' --param vms[0].workload.depth=1,8 --out "$scratch/parent_first"
expect 0
diff -r "$scratch/child_first/points" "$scratch/parent_first/points" || bad 'the order of keys changes the points'
[ "$(grep -l '"depth": 8' "$scratch/child_first/points/"*/result.json)" = "$scratch/child_first/points/0002/result.json" ] ||
	bad 'a point has another value than the table'
sweep --param 'zip:@some_percent=1,2;nesc.btlb.entries=1,2' --out "$scratch/none"
expect 2
err "'@some_percent' ends as the columns of rates do"
sweep --param nesc.btlb.entries=1,2 --out ''
expect 2
err 'the folder for the sweep has no name'
sweep --param "$(printf 'zip:@s=caf\351,b;nesc.btlb.entries=4,8')" --out "$scratch/none"
expect 2
err 'has bytes that are no text'
# Many mistakes: not all of them are looked for.
sweep --param nesc.btlb.entries=1025..101024 --out "$scratch/none"
expect 3
err 'and maybe more: 1000 of the first 1000 points are wrong'
[ ! -e "$scratch/none" ] || bad 'something was written in spite of mistakes'
# Mistakes are told where they stand.
cat >"$scratch/wrong.yaml" <<EOF
base: $PWD/configs/dd.yaml
sweep:
  params:
    - nesc.btlb.entries=1,0
EOF
run sweep "$scratch/wrong.yaml" --out "$scratch/none"
expect 3
err "$scratch/wrong.yaml:4:7: error: nesc.btlb.entries: 0 is out of range"
sweep --param workload.depth=1,2 --out "$scratch/none"
expect 3
err '--param: error: workload: unknown key'

# Large numbers count in the mean of repeats (9.2e12 millionths are the most of 64 bits); what is no number is an error.
sweep --param nesc.btlb.entries=4 --repeat 3 --out "$scratch/large"
expect 0
at=$(head -n 1 "$scratch/large/points/0001/summary.csv" | tr , '\n' | grep -nx bytes | cut -d: -f1)
for point in 1:9000000000000 2:9400000000000 3:9100000000000; do
	file=$scratch/large/points/000${point%%:*}/summary.csv
	awk -F, -v OFS=, -v at="$at" -v bytes="${point#*:}" 'NR > 1 { $at = bytes } { print }' "$file" >"$scratch/changed"
	cp "$scratch/changed" "$file"
done
sweep --param nesc.btlb.entries=4 --repeat 3 --out "$scratch/large" --resume
expect 0
for row in mean,9166666666666.666667 ci95,5171145012; do
	grep "^4,${row%,*},nesc,app,all,all," "$scratch/large/sweep.csv" | cut -d, -f$((at + 2)) | grep -q "^${row#*,}" ||
		bad "bytes, ${row%,*}: $(grep "^4,${row%,*}," "$scratch/large/sweep.csv" | cut -d, -f$((at + 2)))"
done
sed '3s/9100000000000/9.1e12/' "$scratch/changed" >"$file"
sweep --param nesc.btlb.entries=4 --repeat 3 --out "$scratch/large" --resume
expect 4
err "points/0003/summary.csv:3: error: '9.1e12' in column 'bytes' is no number (run its point again)"
[ ! -e "$scratch/large/sweep.csv" ] || bad 'a table of what is no number'

# A full disk.
mkdir "$scratch/small"
if mount -t tmpfs -o size=200k tmpfs "$scratch/small" 2>/dev/null; then
	trap 'umount "$scratch/small"; rm -rf "$scratch"' EXIT
	sweep --param nesc.btlb.entries=1..32 --out "$scratch/small/out"
	[ "$code" -eq 1 ] || [ "$code" -eq 4 ] || bad "a full disk: exit code $code"
	err 'No space left on device'
	[ ! -e "$scratch/small/out/sweep.csv" ] || bad "a table on a full disk"
	num=$(find "$scratch/small/out/points" -name result.json | wc -l)
	[ "$num" -gt 0 ] || bad "no point on a disk with room for some"
	mount -o remount,size=20m "$scratch/small"
	sweep --param nesc.btlb.entries=1..32 --out "$scratch/small/out" --resume
	expect 0
	out ", $num kept"
	mount -o remount,ro "$scratch/small"
	sweep --param nesc.btlb.entries=1..32 --out "$scratch/small/other"
	expect 4
	umount "$scratch/small"
	trap 'rm -rf "$scratch"' EXIT
else
	echo 'skipped: a full disk and a read-only one, which need the right to mount a tmpfs'
fi

finish
