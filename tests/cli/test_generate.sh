#!/bin/sh
# `nescsim trace generate`: fio's options make a trace, the same for the same seed.
. tests/cli/cli.sh

# A closed loop of two on a device of 50 us: pairs, one after the other.
run trace generate "$scratch/pairs.csv" rw=read bs=4k size=16k iodepth=2 --service '50 us'
expect 0
out '4 requests of 1 device'
out 'Nothing is lost'
cut -d, -f1-4,6 "$scratch/pairs.csv" >"$scratch/pairs"
cat >"$scratch/wanted" <<'EOT'
since_start_us,op,offset_bytes,size_bytes,latency_us
0,read,0,4096,50
0,read,4096,4096,50
50,read,8192,4096,50
50,read,12288,4096,50
EOT
cmp "$scratch/pairs" "$scratch/wanted" || bad 'a closed loop of two is not two requests every 50 us'

# Open arrivals: 20,000 with 100 us between them on average, half of them closer than 69 us (the median of a Poisson process).
set -- rw=randrw rwmixread=70 bs=4k size=256m number_ios=20000 iodepth=1024 rate_iops=7000,3000 rate_process=poisson
run trace generate "$scratch/a.csv.gz" "$@"
expect 0
run trace generate "$scratch/b.csv.gz" "$@"
expect 0
cmp -s "$scratch/a.csv.gz" "$scratch/b.csv.gz" || bad 'the same seed makes another trace'
run trace generate "$scratch/c.csv.gz" "$@" --seed 2
expect 0
if cmp -s "$scratch/a.csv.gz" "$scratch/c.csv.gz"; then bad 'another seed makes the same trace'; fi
# Four standard deviations: 140 of the median's count (half of 20,000), 0.7 us of the mean times 4.
gzip -dc "$scratch/a.csv.gz" | awk -F, 'NR > 2 { sum += $1 - last; close_ones += $1 - last < 69.315; num++ } { last = $1 }
	$2 == "read" { reads++ }
	END { mean = sum / num; exit !(mean > 97.2 && mean < 102.8 && close_ones > num / 2 - 283 && close_ones < num / 2 + 283 &&
		reads > 13700 && reads < 14300) }' || bad 'arrivals are no Poisson process of 10,000 a second'

# A job file; in another format; and it replays.
run trace generate "$scratch/job.fio" --job configs/randrw.fio
expect 0
out 'Lost: the completions of'
run run configs/dd.yaml --trace "$scratch/job.fio" --schemes nesc --out "$scratch/replayed"
expect 0

# All mistakes at once, by their options.
run trace generate "$scratch/x.csv" rw=randrd bs=4q iodepht=3
expect 3
err "rw: unknown choice 'randrd'"
err "bs: expected a size, not '4q'"
err "did you mean 'iodepth'?"
run trace generate "$scratch/x.csv" rw=read size=2g
expect 3
err 'does not fit the disk'
run trace generate "$scratch/x.csv" rw=read size=2g --disk '4 parsecs'
expect 2
err "disk: '4 parsecs' is not a size"
run trace generate "$scratch/x.csv" rw=read --job configs/randrw.fio
expect 2
err "'rw=read' stands beside a job file"
run trace generate "$scratch/x.csv" --job nowhere.fio
expect 4
# 200 days are more than there is.
run trace generate "$scratch/x.csv" rw=read number_ios=200 thinktime=1d thinktime_spin=1d
expect 3
err 'more than 106 days'
run trace generate "$scratch/x.csv" rw=read number_ios=200 --service '107 d'
expect 2
run trace generate "$scratch/x.csv" rw=read number_ios=200 --service '106 d'
expect 3
err 'more than 106 days'
run trace generate
expect 2
for file in "$scratch"/x.csv*; do
	[ ! -e "$file" ] || bad "a mistake leaves $file"
done

# Killed at any time it leaves nothing (where the filesystem has files without a name).
mkdir "$scratch/killed"
"$tool" trace generate "$scratch/killed/long.csv" rw=randread bs=4k size=1g number_ios=100000000 loops=100000 >/dev/null 2>&1 &
process=$!
sleep 0.3
during=$(ls "$scratch/killed")
kill -9 "$process" || bad 'it ended too soon to be killed'
wait "$process" 2>/dev/null
after=$(ls "$scratch/killed")
[ "$during" = "$after" ] || bad "killed, it leaves $after"
case $after in
*long.csv) bad 'a file that is not whole has its name' ;;
esac

finish
