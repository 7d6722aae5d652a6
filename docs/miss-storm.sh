#!/bin/sh
# miss-storm.sh: what a storm of write misses of one VM costs the others (docs/isolation.md, configs/storm.yaml): latencies of
# the worst of the seven honest VMs, in us, as CSV. The tool is $NESCSIM, or `nescsim` of the search path, or ./nescsim.
#
#   quiet   VM 1 does nothing
#   load    VM 1 moves the same bytes at the same rate without misses: 4 KiB of its own, 12 KiB of journal, 4 KiB of zeros per
#           miss are writes of 20 KiB to an allocated disk here
#   park    VM 1's writes miss, and its blocks wait aside
#   block   VM 1's writes miss, and its blocks stall the shared queue
set -eu
config=$(dirname "$0")/../configs/storm.yaml
nescsim=${NESCSIM:-nescsim}
command -v "$nescsim" >/dev/null || nescsim=./nescsim
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# simulate CASE OPTION...: a row.
simulate() {
	name=$1
	shift
	"$nescsim" run "$config" --quiet --out "$scratch/result" "$@"
	awk -F, -v name="$name" '
		function most(i, value) { if (value > worst[i]) worst[i] = value }
		$2 == "app" && $3 ~ /^[0-9]+$/ && $3 > 1 && $4 == "all" { most(1, $11); most(2, $18); most(3, $12); most(4, $13); most(5, $14) }
		END { printf "%s,%.3f,%.3f,%.3f,%.3f,%.3f\n", name, worst[1], worst[2], worst[3], worst[4], worst[5] }
	' "$scratch/result/summary.csv"
}

echo "case,p50_us,p90_us,p99_us,p999_us,max_us"
simulate quiet --set 'vms[0].workload.count=1' --set 'vms[0].disk.map=contiguous' --set 'vms[0].disk.bytes=64 MiB'
simulate load --set 'vms[0].disk.map=contiguous' --set 'vms[0].disk.bytes=64 MiB' --set 'vms[0].workload.request_bytes=20 KiB' \
	--set 'vms[0].workload.arrival=periodic' --set 'vms[0].workload.interval=37.4 us'
simulate park
simulate block --set nesc.miss.policy=block
