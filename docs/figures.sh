#!/bin/sh
# figures.sh [--out DIR] [--csv] [--set KEY=VALUE]... [FIGURE...]: runs the published experiments (configs/figures/) over their
# sizes, and more, and draws them: FIGURE.csv and FIGURE.svg in DIR (docs/figures/ if not given); --csv: no drawing. Most are
# drawn by `nescsim plot`, which leaves its script and data, the rest by gnuplot. The tool is $NESCSIM, or `nescsim` of the
# search path, or ./nescsim.
#
#   raw_latency        latency by request size, reads and writes
#   raw_bandwidth      bandwidth by request size, reads and writes
#   filesystem         latency of writes, with ext4 in the guest and without
#   direct_assignment  vfio and virtio by the bandwidth of the medium
#   applications       PostMark, sysbench and OLTP, replayed: NeSC's speed-ups
#   p4800x             another machine: bare metal and virtio-blk on an Optane SSD, beside what was published
#   btlb               entries of the BTLB on a fragmented file
#   walkers            block walkers, there
#   queue_depth        throughput against latency, there
#   main_job           the recorded mail server: stages.svg and latency_cdf.svg
set -eu
configs=$(dirname "$0")/../configs/figures
out=$(dirname "$0")/figures
nescsim=${NESCSIM:-nescsim}
command -v "$nescsim" >/dev/null || nescsim=./nescsim
draw=yes
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

usage() {
	sed -n 's/^# \{0,1\}//; 2,5p' "$0" >&2
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
[ $# -gt 0 ] || set -- raw_latency raw_bandwidth filesystem direct_assignment applications p4800x btlb walkers queue_depth main_job
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

csv_p4800x() {
	echo "setting,published_us,scheme,latency_us"
	simulate p4800x app read latency_mean_us | sed 's/^host,/bare metal,12.7,&/; s/^virtio,/I\/O thread,21.5,&/'
	simulate p4800x_main_loop app read latency_mean_us | sed -n 's/^virtio,/main loop,45.8,&/p'
}

# sweep KEY VALUES [OPTION...]: random reads of a fragmented file with each value of a key: KEY,VALUE before summary.csv's columns.
sweep() {
	key=$1 values=$2
	shift 2
	while IFS= read -r set; do
		set -- "$@" --set "$set"
	done <"$scratch/sets"
	header=yes
	for value in $values; do
		"$nescsim" run "$configs/../fragmented.yaml" --quiet --out "$scratch/result" --set "$key=$value" "$@"
		[ $header = no ] || sed -n "1s/^/$key,/p" "$scratch/result/summary.csv"
		header=no
		sed -n "/^[a-z]*,app,all,all,/s/^/$value,/p" "$scratch/result/summary.csv"
	done
}

csv_btlb() {
	sweep nesc.btlb.entries '1 2 4 8 16 32 64 128' --schemes nesc --set 'vms[0].workload.region_bytes=2 MiB' \
		--set 'vms[0].workload.depth=1'
}

csv_walkers() {
	sweep nesc.walker.count '1 2 3 4 8' --schemes nesc --set 'vms[0].workload.request_bytes=512 B'
}

csv_queue_depth() {
	sweep 'vms[0].workload.depth' '1 2 4 8 16 32 64' --schemes host,nesc,virtio
}

# What `nescsim plot` makes of a CSV.
by_tool() {
	input=$1
	shift
	"$nescsim" plot "$input" "$@" >"$scratch/names"
}

draw_raw_latency() {
	by_tool "$out/raw_latency.csv" --figure latency_by_size --out "$out/raw_latency.svg"
}

draw_raw_bandwidth() {
	by_tool "$out/raw_bandwidth.csv" --figure bandwidth_by_size --out "$out/raw_bandwidth.svg"
}

draw_filesystem() {
	by_tool "$out/filesystem.csv" --x request_bytes --y latency_us --by scheme,filesystem --out "$out/filesystem.svg"
}

draw_btlb() {
	by_tool "$out/btlb.csv" --figure btlb --out "$out/btlb.svg"
}

draw_walkers() {
	by_tool "$out/walkers.csv" --figure walkers --out "$out/walkers.svg"
}

draw_queue_depth() {
	by_tool "$out/queue_depth.csv" --figure queue_depth --out "$out/queue_depth.svg"
}

# Not a table of its own: pictures of two of the run's.
main_job() {
	set --
	while IFS= read -r set; do
		set -- "$@" --set "$set"
	done <"$scratch/sets"
	"$nescsim" run "$configs/../vc707.yaml" --quiet --out "$scratch/result" "$@"
	by_tool "$scratch/result" --figure stages --out "$out/stages.svg"
	by_tool "$scratch/result" --figure latency_cdf --out "$out/latency_cdf.svg"
}

# What the figures share that gnuplot draws by hand. A scheme has the same mark everywhere: point and dash tell them apart without colour.
style='
set datafile separator ","
set grid lc rgb "#cccccc"
set tics nomirror
set key outside top center horizontal reverse Left samplen 3 maxrows 1
schemes = "host nesc virtio emulation vfio"
set linetype 1 lw 1.5 lc rgb "#000000" pt 6 dt 2
set linetype 2 lw 1.5 lc rgb "#0b4f9e" pt 7 dt 1
set linetype 3 lw 1.5 lc rgb "#c8641e" pt 5 dt 4
set linetype 4 lw 1.5 lc rgb "#777777" pt 8 dt 5
set linetype 5 lw 1.5 lc rgb "#3a8f5a" pt 13 dt 1
mark(name) = sum [i = 1:words(schemes)] (word(schemes, i) eq name ? i : 0)
used(field) = system(sprintf("awk -F, \"NR > 1 && !seen[\\$%d]++ { print \\$%d }\" %s", field, field, csv))
'

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
set yrange [0:5]
gain = sprintf("< awk -F, '$2 == \"%s\" { rate[$1] = $4 } $2 == \"%s\" { print $1 \",\" $4 / rate[$1] }' %s", first, last, csv)
plot gain using 1:2 with linespoints lt mark(last) notitle
PLOT
}

# Boxes side by side for each application, with their values: the scheme's number divided by NeSC's.
plot_applications() {
	cat <<'PLOT'
set terminal svg size 900,380 font "sans-serif,12" background "white"
others = system(sprintf("awk -F, 'NR > 1 && $2 != \"nesc\" && !seen[$2]++ { print $2 }' %s", csv))
width = 0.8 / words(others)
set boxwidth width * 0.92
set style fill solid 0.75 border -1
unset grid
set grid y lc rgb "#cccccc"
unset xlabel
set xrange [-0.5:2.5]
set xtics ("PostMark" 0, "sysbench" 1, "OLTP" 2)
set ylabel "NeSC's speed-up over"
set multiplot layout 1,2
gain(name, field) = sprintf("< awk -F, '$2 == \"nesc\" { base[$1] = $%d; at[num++] = $1 } $2 == \"%s\" { other[$1] = $%d } END { for (i = 0; i < num; i++) print i \",\" other[at[i]] / base[at[i]] }' %s", field, name, field, csv)
at(i) = (i - (words(others) + 1) / 2.0) * width
do for [field in "3 4"] {
	set title field == 3 ? "Mean latency of reads and writes" : "Time of the whole run, think time included"
	set yrange [0:field == 3 ? 16 : 7]
	plot for [i = 1:words(others)] gain(word(others, i), field + 0) using ($1 + at(i)):2 with boxes lt mark(word(others, i)) dt 1 title word(others, i), \
	     for [i = 1:words(others)] gain(word(others, i), field + 0) using ($1 + at(i)):2:(sprintf("%.1f", $2)) with labels offset 0,0.6 notitle
}
PLOT
}

plot_p4800x() {
	cat <<'PLOT'
set terminal svg size 640,380 font "sans-serif,12" background "white"
set style fill solid 0.75 border -1
set boxwidth 0.33
unset grid
set grid y lc rgb "#cccccc"
set xrange [-0.6:2.6]
set yrange [0:55]
set xtics ("bare metal" 0, "virtio, I/O thread" 1, "virtio, main loop" 2)
set ylabel "latency, us"
set title "4 KiB random reads of an Optane P4800X, one outstanding"
plot csv skip 1 using ($0 - 0.18):2 with boxes lc rgb "#cccccc" dt 1 title "published", \
     csv skip 1 using ($0 + 0.18):4 with boxes lc rgb "#0b4f9e" dt 1 title "simulated", \
     csv skip 1 using ($0 - 0.18):2:2 with labels offset 0,0.6 notitle, \
     csv skip 1 using ($0 + 0.18):4:(sprintf("%.1f", $4)) with labels offset 0,0.6 notitle
PLOT
}

for figure; do
	case $figure in
	main_job)
		[ $draw = no ] || main_job
		continue
		;;
	raw_latency | raw_bandwidth | filesystem | direct_assignment | applications | p4800x | btlb | walkers | queue_depth) ;;
	*) usage ;;
	esac
	"csv_$figure" >"$scratch/csv"
	cp "$scratch/csv" "$out/$figure.csv"
	[ $draw = yes ] || continue
	case $figure in
	direct_assignment | applications | p4800x)
		{
			printf 'csv = "%s"\n%s' "$out/$figure.csv" "$style"
			printf 'set output "%s"\n' "$out/$figure.svg"
			"plot_$figure"
		} | gnuplot
		;;
	*) "draw_$figure" ;;
	esac
done
