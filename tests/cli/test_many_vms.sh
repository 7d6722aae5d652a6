#!/bin/sh
# Do 64 VMs with 64 different traces run from one config, each with rows of its own?
. tests/cli/cli.sh

# VM i's trace has 10 + i reads and i writes of 4 KiB, a millisecond apart, in blkparse's default text.
mkdir "$scratch/traces"
i=1
while [ $i -le 64 ]; do
	awk -v vm=$i 'BEGIN {
		for (n = 0; n < 10 + 2 * vm; n++) {
			op = n < vm ? "W" : "R"
			sector = 8 * ((n * 37 + vm) % 1024)
			printf "8,0 0 %d %.9f 1 D %s %d + 8 [a]\n", 2 * n, n * 0.001, op, sector
			printf "8,0 0 %d %.9f 1 C %s %d + 8 [0]\n", 2 * n + 1, n * 0.001 + 0.0001, op, sector
		}
	}' >"$scratch/traces/$i.txt"
	i=$((i + 1))
done
{
	echo "host: {cores: 64}"
	echo "vms:"
	i=1
	while [ $i -le 64 ]; do
		map=contiguous
		[ $((i % 2)) -eq 0 ] || map=lazy
		echo "  - {disk: {bytes: 8 MiB, map: $map}, workload: {kind: trace, file: traces/$i.txt}}"
		i=$((i + 1))
	done
	echo "schemes: [nesc]"
} >"$scratch/many.yaml"

run run "$scratch/many.yaml" --check --out "$scratch/many"
expect 0
out '64 VMs are shown together'
out 'Checked:'
bad_rows=$(awk -F, '$2 == "block" && $3 != "all" {
		wanted = $4 == "write" ? $3 : $4 == "read" ? 10 + $3 : 10 + 2 * $3
		rows++
		if ($5 != wanted || $19 != 0) print
	}
	END { if (rows != 192) print rows " rows" }' "$scratch/many/summary.csv")
[ -z "$bad_rows" ] || bad "summary.csv: $bad_rows"
# Those with lazy disks missed, the others did not.
hypervisor=$(awk -F, '$2 == "hypervisor" && $5 == "cpu_us" && $4 != "all" && ($4 % 2 == 1) != ($6 > 0)' "$scratch/many/units.csv")
[ -z "$hypervisor" ] || bad "units.csv: $hypervisor"
finish
