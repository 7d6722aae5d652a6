#!/bin/sh
# fio-compare.sh [REQUESTS]: the jobs of configs/randrw.fio, run by fio and by nescsim: are the requests alike? fio writes to a
# scratch file. Exits with 1 if they differ by more than chance, with 77 if there is no fio. The tool is $NESCSIM, or `nescsim` of
# the search path, or ./nescsim.
set -u
num=${1:-200000}
configs=$(dirname "$0")/../configs
nescsim=${NESCSIM:-nescsim}
command -v "$nescsim" >/dev/null || nescsim=./nescsim
command -v fio >/dev/null || exit 77
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
status=0

# one_job NAME: the file with this job alone.
one_job() {
	awk -v name="[$1]" '/^\[/ { wanted = $1 == name || $1 == "[global]" } wanted' "$configs/randrw.fio"
}

# both JOB SED: its requests ("op byte bytes" in a line) by fio and by nescsim, after the edit SED of the job.
both() {
	one_job "$1" | sed "$2" >"$scratch/$1.fio"
	sed "s|^filename=.*|filename=$scratch/disk|; s/^direct=1/direct=0/; s/^ioengine=.*/ioengine=psync/" "$scratch/$1.fio" >"$scratch/real.fio"
	rm -f "$scratch/iolog"
	echo "write_iolog=$scratch/iolog" >>"$scratch/real.fio"
	fio "$scratch/real.fio" >"$scratch/said" 2>&1 || {
		cat "$scratch/said"
		exit 1
	}
	awk '$3 ~ /^(read|write|datasync|sync)$/ { sub(/.*sync/, "flush", $3); print $3, $3 == "flush" ? "0 0" : $4 " " $5 }' "$scratch/iolog" >"$scratch/fio"
	"$nescsim" run "$configs/fio.yaml" --schemes host --requests --set "vms[0].workload.file=$scratch/$1.fio" --out "$scratch/run" >"$scratch/said" 2>&1 || {
		cat "$scratch/said"
		exit 1
	}
	awk -F, 'NR > 1 { print $4, $4 == "flush" ? 0 : $5 * 512, $6 * 512 }' "$scratch/run/requests.csv" >"$scratch/nescsim"
}

# shares FILE: of reads, of sizes, and of the most popular places.
shares() {
	cut -d ' ' -f 2 "$1" | sort | uniq -c | sort -rn | awk '{ print "place", $1 }' >"$scratch/places"
	awk '
		FILENAME ~ /places$/ { sum += $2; if (++rank ~ /^(1|2|10|100)$/) top[rank] = sum; next }
		{ num++; reads += $1 == "read"; sizes[$3]++ }
		END {
			print "reads", reads / num
			for (size = 4096; size <= 16384; size *= 2)
				print size / 1024 "k", sizes[size] / num
			for (rank = 1; rank <= 100; rank *= rank == 1 ? 2 : rank == 2 ? 5 : 10)
				print "top-" rank, top[rank] / num
		}' "$scratch/places" "$1"
}

# The shares that the options mean.
law() {
	awk 'BEGIN {
		print "reads", 0.7
		print "4k", 0.6
		print "8k", 0.3
		print "16k", 0.1
		for (rank = 1; rank <= 16381; rank++) {
			sum += rank ^ -1.2
			at[rank] = sum
		}
		for (rank = 1; rank <= 100; rank *= rank == 1 ? 2 : rank == 2 ? 5 : 10)
			print "top-" rank, at[rank] / sum
	}'
}

both database "s/^number_ios=.*/number_ios=$num\nio_size=1t/"
shares "$scratch/fio" >"$scratch/a"
shares "$scratch/nescsim" >"$scratch/b"
law >"$scratch/c"
paste -d ' ' "$scratch/a" "$scratch/b" "$scratch/c" | awk -v num="$num" '
	function far(share, from) { return (share - from) ^ 2 > 25 * from * (1 - from) / num }
	BEGIN { printf "%-10s %8s %8s %8s\n", "share of", "fio", "nescsim", "meant" }
	{
		printf "%-10s %8.4f %8.4f %8.4f\n", $1, $2, $4, $6
		# fio approximates the law behind the second place.
		failed += far($4, $6) + ($1 !~ /^top-(10|100)$/ && far($2, $6))
	}
	END { exit failed > 0 }' || status=1

both log 's/^#//'
if cmp -s "$scratch/fio" "$scratch/nescsim"; then
	echo "log: the same $(grep -c write "$scratch/fio") writes and $(grep -c flush "$scratch/fio") flushes in the same order"
else
	diff "$scratch/fio" "$scratch/nescsim" | head -n 5
	status=1
fi
exit "$status"
