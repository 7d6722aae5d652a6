#!/bin/sh
# validation-curve.sh: dd's curve with the shipped configuration - one request outstanding, 512 B to 4 MiB,
# reads and writes, host and nesc (docs/validation.md).
# The tool is $NESCSIM, or `nescsim` of the search path, or ./nescsim.
set -eu
config=$(dirname "$0")/../configs/dd.yaml
nescsim=${NESCSIM:-nescsim}
command -v "$nescsim" >/dev/null || nescsim=./nescsim
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
csv=$scratch/curve.csv

# The first request walks the extent tree, which is not what dd's mean over many shows: it is warm-up.
echo "op,request_bytes,host_latency_us,nesc_latency_us,host_MBps,nesc_MBps" >"$csv"
for op in read write; do
	for bytes in 512 1024 2048 4096 8192 16384 32768 65536 131072 262144 524288 1048576 2097152 4194304; do
		"$nescsim" run "$config" --quiet --out "$scratch/result" --set sim.warmup=1 \
			--set "vms[0].workload.op=$op" --set "vms[0].workload.pattern=sequential" \
			--set "vms[0].workload.request_bytes=$bytes B" --set "vms[0].workload.count=101"
		awk -F, -v op="$op" -v bytes="$bytes" '
			$2 == "app" && $4 == op { latency[$1] = $10; rate[$1] = $9 }
			END { print op "," bytes "," latency["host"] "," latency["nesc"] "," rate["host"] "," rate["nesc"] }
		' "$scratch/result/summary.csv" >>"$csv"
	done
done

awk -F, '
	function size(bytes) {
		return bytes < 1024 ? bytes " B" : bytes < 1048576 ? bytes / 1024 " KiB" : bytes / 1048576 " MiB"
	}
	NR == 1 {
		printf "                  latency, us               bandwidth, MB/s\n"
		printf "op     request        host       nesc    diff     host    nesc  nesc/host\n"
		next
	}
	{
		difference = $4 - $3
		percent = ($6 / $5 - 1) * 100
		printf "%-5s %8s %11.3f %10.3f %7.3f %8.1f %7.1f %+9.2f %%\n", \
			$1, size($2), $3, $4, difference, $5, $6, percent
	}
' "$csv"
