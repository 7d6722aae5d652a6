#!/bin/sh
# Every trace of traces/ loads, by its content, and holds what tests/cli/shipped_traces.txt says; where the traced guest's own
# counters are kept beside it, they agree.
. tests/cli/cli.sh
table=tests/cli/shipped_traces.txt

# From the rows of the devices to a row of the table.
row() {
	awk -v file="${1#traces/}" '
		NR == 1 { format = $2; requests = $(NF - 1); next }
		/^$/ { part++ }
		part == 1 && NF == 10 && $1 != "device" {
			reads += $2; writes += $3; flushes += $4; discards += $5
		}
		/^Left out: / { left_out += $3 }
		END {
			if (reads + writes + flushes + discards != requests)
				print file ": its devices have not all of its " requests " requests"
			print file, format, reads + 0, writes + 0, flushes + 0, discards + 0, left_out + 0
		}' "$scratch/out"
}

# What the guest counted, as `trace info` prints it. Its number of writes has flushes in it; their bytes have not.
counted() {
	awk '$1 == "guest" {
		for (i = 2; i < NF; i += 2)
			v[$i] = $(i + 1)
		printf "%d %d %d %.1f %.1f\n", v["reads"], v["flushes"], v["discards"], v["read_sectors"] * 512 / 1e6,
			v["written_sectors"] * 512 / 1e6
	}' "$1"
}

for file in $(find traces -type f ! -path 'traces/extents/*' ! -name README.md ! -name '*.info' | LC_ALL=C sort); do
	run trace info "$file"
	expect 0
	row "$file" >>"$scratch/rows"
	info=${file%%.*}.info
	[ -f "$info" ] || continue
	echo "$info" >>"$scratch/infos"
	[ "$(sed -n 5p "$scratch/out" | awk '$1 != "all" { print $2, $4, $5, $6, $7 }')" = "$(counted "$info")" ] \
		|| bad "$info: the guest counted $(counted "$info"), the trace says $(sed -n 5p "$scratch/out")"
done
head -n 1 "$table" >"$scratch/table"
cat "$scratch/rows" >>"$scratch/table"
diff "$table" "$scratch/table" || bad "$table differs (<) from what traces/ holds (>)"

find traces -name '*.info' | LC_ALL=C sort | diff - "$scratch/infos" || bad 'an .info (<) has no trace'

# The generator makes the samples again, to the byte.
mkdir "$scratch/samples"
sh scripts/samples.sh "$tool" "$scratch/samples" || bad 'scripts/samples.sh fails'
for file in "$scratch/samples"/*; do
	cmp "$file" "traces/samples/${file##*/}" || bad "${file##*/} is not what scripts/samples.sh makes"
done

finish
