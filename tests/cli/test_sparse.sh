#!/bin/sh
# A trace of a week with a request every five minutes: idle time is skipped, and nothing of it rounds a latency.
. tests/cli/cli.sh

# spread SECONDS FILE: 2,000 requests at this distance.
spread() {
	awk -v seconds="$1" 'BEGIN {
		print "time_us,op,offset_bytes,size_bytes"
		for (i = 0; i < 2000; i++)
			printf "%.0f,%s,%.0f,4096\n", i * seconds * 1e6, i % 3 ? "read" : "write", (i * 7919 % 1000) * 4096
	}' >"$2"
	run run configs/vc707.yaml --trace "$2" --out "$2.result"
	expect 0
	cut -d, -f1-6,10-15,17-19 "$2.result/summary.csv" >"$2.latencies"
}
spread 1 "$scratch/hour.csv"
spread 302.4 "$scratch/week.csv"
cmp -s "$scratch/hour.csv.latencies" "$scratch/week.csv.latencies" || bad "a week's latencies differ from an hour's:
$(diff "$scratch/hour.csv.latencies" "$scratch/week.csv.latencies")"
grep -q '^nesc,block,1,all,2000,8192000,604497\.600' "$scratch/week.csv.result/summary.csv" ||
	bad "a week lasts $(grep '^nesc,block,1,all,' "$scratch/week.csv.result/summary.csv")"

finish
