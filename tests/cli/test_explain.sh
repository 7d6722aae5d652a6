#!/bin/sh
# `nescsim explain`: timelines without gaps that end at the latency; the same words on every call and in both placements.
. tests/cli/cli.sh

# timelines: in each scheme's table the first piece begins at 0, each one where the one before ends, every duration is its
# piece's, and the total is where the last one ends. In whole picoseconds.
timelines() {
	awk '
		function ps(us) { sub(/\./, "", us); return us + 0 }
		/^[a-z].*:$/ { scheme = $1; at = 0; num = 0 }
		/^ *[0-9]+\.[0-9]+ +[0-9]+\.[0-9]+ +[0-9]+\.[0-9]+ / {
			if (ps($2) - ps($1) != ps($3))
				print scheme " the duration is wrong: " $0
			if ($4 == "total") {
				if (ps($1) != 0 || ps($2) != at || num == 0)
					print scheme " the total is not the end: " $0
				totals++
			} else {
				if (ps($1) != at)
					print scheme " a gap before: " $0
				if (num++ == 0 && ps($1) != 0)
					print scheme " does not begin at 0: " $0
				if ($4 != "..." && $5 != "waits" && $5 != "works")
					print scheme " neither waits nor works: " $0
				at = ps($2)
			}
		}
		END { if (totals != '"$1"') print totals + 0 " timelines instead of '"$1"'" }
	' "$scratch/out" >"$scratch/wrong"
	[ ! -s "$scratch/wrong" ] || bad "$last: $(cat "$scratch/wrong")"
}

run explain configs/dd.yaml --request 3 --set vms[0].workload.count=10
expect 0
out 'Request 3 of VM 1: read of 4096 bytes'
out 'host:'
out 'nesc:'
out 'virtio:'
out 'emulation:'
timelines 4
cp "$scratch/out" "$scratch/first"
run explain configs/dd.yaml --set vms[0].workload.count=10 --request=3 --set sim.placement=per_unit
expect 0
cmp -s "$scratch/out" "$scratch/first" || bad "per_unit explains something else"

run explain configs/dd.yaml --schemes nesc --set vms[0].workload.count=10
expect 0
out 'Request 0 of VM 1:'
out 'register write x4'
timelines 1
if grep -q '^host:' "$scratch/out"; then
	bad "host, which nobody asked for"
fi
run explain configs/dd.yaml --request 10 --set vms[0].workload.count=10
expect 2
err 'VM 1 has 10'

# Pieces of 512 KiB, whose nodes are told once.
run explain configs/dd.yaml --set vms[0].workload.op=write --set 'vms[0].workload.request_bytes=1 MiB'
expect 0
out 'the two above, 126 times more'
timelines 4

# Four vCPUs, and a file in many extents.
run explain configs/fragmented.yaml --request 100
expect 0
out "Request 100 of VM 1's first vCPU: "
timelines 2

# A timeline ends at the latency that a run reports.
run run configs/vc707.yaml --requests --out "$scratch/trace" --set vms[0].workload.max_requests=600
expect 0
for scheme in host nesc virtio emulation; do
	for number in 0 7 500; do
		latency=$(awk -F, -v scheme="$scheme" -v number="$number" '$1 == scheme && num++ == number { print $9 }' \
			"$scratch/trace/requests.csv")
		run explain configs/vc707.yaml --schemes "$scheme" --request "$number" --set vms[0].workload.max_requests=600
		expect 0
		timelines 1
		out " $latency  total"
	done
done

# Only as much is simulated as it takes.
run explain configs/dd.yaml --set vms[0].workload.count=1000000000000 --request 5
expect 0

finish
