#!/bin/sh
# figures.sh [--out DIR] [--csv] [--set KEY=VALUE]... [FIGURE...]: runs the published experiments (configs/figures/) over their
# sizes and draws them with gnuplot: FIGURE.csv and FIGURE.svg in DIR (docs/figures/ if not given); --csv: no drawing. The tool
# is $NESCSIM, or `nescsim` of the search path, or ./nescsim.
#
#   raw_latency        latency by request size, reads and writes
#   raw_bandwidth      bandwidth by request size, reads and writes
#   filesystem         latency of writes, with ext4 in the guest and without
#   direct_assignment  vfio and virtio by the bandwidth of the medium
#   applications       PostMark, sysbench and OLTP, replayed
set -eu
configs=$(dirname "$0")/../configs/figures
out=$(dirname "$0")/figures
nescsim=${NESCSIM:-nescsim}
command -v "$nescsim" >/dev/null || nescsim=./nescsim
draw=yes
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

usage() {
	sed -n 's/^# \{0,1\}//; 2,4p' "$0" >&2
	exit 2
}

: >"$scratch/sets"
while [ $# -gt 0 ]; do
	case $1 in
	--out | --set)
		[ $# -ge 2 ] || usage
		if [ "$1" = --out ]; then out=$2; else printf '%s\n' "$2" >>"$scratch/sets"; fi
		shift
		;;
	--csv) draw=no ;;
	-*) usage ;;
	*) break ;;
	esac
	shift
done
[ $# -gt 0 ] || set -- raw_latency raw_bandwidth filesystem direct_assignment applications
mkdir -p "$out"

small_sizes='512 1024 2048 4096 8192 16384 32768'
large_sizes='65536 131072 262144 524288 1048576 2097152 4194304'

# simulate CONFIG LAYER OP FIELDS [OPTION...]: a line per scheme: its name and the FIELDS of its row of summary.csv, by name.
simulate() {
	config=$1 layer=$2 op=$3 fields=$4
	shift 4
	while IFS= read -r set; do
		set -- "$@" --set "$set"
	done <"$scratch/sets"
	"$nescsim" run "$configs/$config.yaml" --quiet --out "$scratch/result" "$@"
	awk -F, -v layer="$layer" -v op="$op" -v fields="$fields" '
		NR == 1 {
			for (i = 1; i <= NF; i++)
				column[$i] = i
			num = split(fields, field, " ")
			next
		}
		$2 == layer && $3 == 1 && $4 == op {
			line = $1
			for (i = 1; i <= num; i++)
				line = line "," $column[field[i]]
			print line
		}
	' "$scratch/result/summary.csv"
}

# by_size CONFIG SIZES: both operations at each size.
by_size() {
	echo "op,request_bytes,scheme,latency_us,bandwidth_MBps"
	for op in read write; do
		for bytes in $2; do
			simulate "$1" app $op 'latency_mean_us bandwidth_MBps' --set "vms[0].workload.op=$op" \
				--set "vms[0].workload.request_bytes=$bytes B" | sed "s/^/$op,$bytes,/"
		done
	done
}

csv_raw_latency() {
	by_size raw_latency "$small_sizes"
}

csv_raw_bandwidth() {
	by_size raw_bandwidth "$small_sizes $large_sizes"
}

csv_filesystem() {
	echo "filesystem,request_bytes,scheme,latency_us"
	for bytes in $small_sizes; do
		simulate raw_latency app write latency_mean_us --set vms[0].workload.op=write --set 'schemes=[nesc, virtio]' \
			--set "vms[0].workload.request_bytes=$bytes B" | sed "s/^/none,$bytes,/"
	done
	for bytes in $small_sizes; do
		simulate filesystem app write latency_mean_us --set "vms[0].workload.request_bytes=$bytes B" |
			sed "s/^/ext4,$bytes,/"
	done
}

csv_direct_assignment() {
	echo "medium_MBps,scheme,latency_us,bandwidth_MBps"
	for rate in 36 60 100 170 280 470 780 1300 2200 3600; do
		simulate direct_assignment app write 'latency_mean_us bandwidth_MBps' --set "media.bandwidth=$rate MB/s" |
			sed "s/^/$rate,/"
	done
}

csv_applications() {
	echo "application,scheme,latency_us,run_s,host_cpu_us_per_request"
	for name in postmark sysbench oltp; do
		simulate $name block all 'latency_mean_us simulated_s host_cpu_us_per_request' | sed "s/^/$name,/"
	done
}

# What all figures share. A scheme has the same mark everywhere: point and dash tell them apart without colour.
style='
set datafile separator ","
set grid lc rgb "#cccccc"
set key outside top center horizontal reverse Left samplen 3
schemes = "host nesc virtio emulation vfio"
set linetype 1 lw 1.5 lc rgb "#000000" pt 6 dt 2
set linetype 2 lw 1.5 lc rgb "#0b4f9e" pt 7 dt 1
set linetype 3 lw 1.5 lc rgb "#c8641e" pt 5 dt 4
set linetype 4 lw 1.5 lc rgb "#777777" pt 8 dt 5
set linetype 5 lw 1.5 lc rgb "#3a8f5a" pt 13 dt 1
mark(name) = sum [i = 1:words(schemes)] (word(schemes, i) eq name ? i : 0)
used(field) = system(sprintf("awk -F, \"NR > 1 && !seen[\\$%d]++ { print \\$%d }\" %s", field, field, csv))
sizes = "set logscale x 2; set xlabel \"request size\"; set xtics (\"512 B\" 512, \"2 KiB\" 2048, \"8 KiB\" 8192, \"32 KiB\" 32768, \"256 KiB\" 262144, \"2 MiB\" 2097152)"
'

plot_raw_latency() {
	cat <<'PLOT'
set terminal svg size 900,380 font "sans-serif,12" background "white"
eval(sizes)
set xrange [450:37000]
set logscale y 10
set yrange [3:2000]
set ylabel "latency, us"
set multiplot layout 1,2
of(op, name) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\"' %s", op, name, csv)
do for [op in "read write"] {
	set title sprintf("Raw %s, one outstanding", op)
	plot for [name in used(3)] of(op, name) using 2:4 with linespoints lt mark(name) title name
}
PLOT
}

plot_raw_bandwidth() {
	cat <<'PLOT'
set terminal svg size 900,380 font "sans-serif,12" background "white"
eval(sizes)
set xrange [400:5500000]
set yrange [0:1100]
set ylabel "bandwidth, MB/s"
set multiplot layout 1,2
of(op, name) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\"' %s", op, name, csv)
do for [op in "read write"] {
	set title sprintf("Raw %s, one outstanding", op)
	plot for [name in used(3)] of(op, name) using 2:5 with linespoints lt mark(name) title name
}
PLOT
}

plot_filesystem() {
	cat <<'PLOT'
set terminal svg size 640,380 font "sans-serif,12" background "white"
eval(sizes)
set xrange [450:37000]
set logscale y 10
set yrange [3:2000]
set ylabel "latency, us"
set title "Writes, one outstanding, with ext4 in the guest and without"
of(kind, name) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\"' %s", kind, name, csv)
plot for [name in used(3)] of("ext4", name) using 2:4 with linespoints lt mark(name) lw 2.5 title name.", ext4", \
     for [name in used(3)] of("none", name) using 2:4 with linespoints lt mark(name) dt 3 title name.", raw"
PLOT
}

plot_direct_assignment() {
	cat <<'PLOT'
set terminal svg size 900,380 font "sans-serif,12" background "white"
set logscale x 10
set xrange [30:4300]
set xlabel "bandwidth of the medium, MB/s"
set multiplot layout 1,2
of(name) = sprintf("< awk -F, '$2 == \"%s\"' %s", name, csv)
set title "Writes of 32 KiB, one outstanding"
set ylabel "bandwidth, MB/s"
set logscale y 10
set yrange [30:4300]
plot for [name in used(2)] of(name) using 1:4 with linespoints lt mark(name) title name
first = word(used(2), 1)
last = word(used(2), words(used(2)))
set title last." against ".first
set ylabel "speed-up"
unset logscale y
set yrange [0:*]
gain = sprintf("< awk -F, '$2 == \"%s\" { rate[$1] = $4 } $2 == \"%s\" { print $1 \",\" $4 / rate[$1] }' %s", first, last, csv)
plot gain using 1:2 with linespoints lt mark(last) notitle
PLOT
}

plot_applications() {
	cat <<'PLOT'
set terminal svg size 900,380 font "sans-serif,12" background "white"
set style data histogram
set style histogram clustered gap 1
set boxwidth 0.9
set grid y
unset xlabel
set multiplot layout 1,2
of(name) = sprintf("< awk -F, '$2 == \"%s\"' %s", name, csv)
set title "Reads and writes"
set ylabel "mean latency, us"
set logscale y 10
set yrange [1:*]
plot for [name in used(2)] of(name) using 3:xtic(1) fs pattern mark(name) border lt mark(name) lt mark(name) title name
set title "Whole run, think time included"
first = word(used(2), 1)
set ylabel "time, ".first." = 1"
unset logscale y
set yrange [0:*]
share(name) = sprintf("< awk -F, '$2 == \"%s\" { base[$1] = $4 } $2 == \"%s\" { print $1 \",\" $4 / base[$1] }' %s", first, name, csv)
plot for [name in used(2)] share(name) using 2:xtic(1) fs pattern mark(name) border lt mark(name) lt mark(name) notitle
PLOT
}

for figure; do
	case $figure in
	raw_latency | raw_bandwidth | filesystem | direct_assignment | applications) ;;
	*) usage ;;
	esac
	"csv_$figure" >"$scratch/csv"
	cp "$scratch/csv" "$out/$figure.csv"
	[ $draw = yes ] || continue
	{
		printf 'csv = "%s"\n%s' "$out/$figure.csv" "$style"
		printf 'set output "%s"\n' "$out/$figure.svg"
		"plot_$figure"
	} | gnuplot
done
