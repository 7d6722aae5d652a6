#!/bin/sh
# `nescsim plot`: is every figure of the table drawn, in every format, the same each time and by its script alone; is nothing
# written beyond a picture's edges; and is every mistake told?
. tests/cli/cli.sh
command -v gnuplot >/dev/null || {
	echo 'no gnuplot'
	exit 1
}

# check_picture FILE: whole, and of its format.
check_picture() {
	case $1 in
	*.svg) tail -n 3 "$1" | grep -q '</svg>' ;;
	*.png) [ "$(head -c 4 "$1" | tail -c 3)" = PNG ] ;;
	*.pdf) head -c 4 "$1" | grep -q '%PDF' && tail -c 8 "$1" | grep -q '%%EOF' ;;
	esac || bad "$1 is no whole picture"
}

# check_edges SVG: every text begins (or ends, or is centred) within the picture, with room for its letters.
check_edges() {
	awk '
		/<svg/ || /viewBox=/ {
			if (match($0, /viewBox="[0-9. ]+"/)) {
				split(substr($0, RSTART + 9, RLENGTH - 10), box, " ")
			}
		}
		/<g transform="translate\(/ {
			match($0, /translate\([-0-9.]+,[-0-9.]+\)/)
			split(substr($0, RSTART + 10, RLENGTH - 11), at, ",")
			anchor = /text-anchor="end"/ ? 1 : /text-anchor="middle"/ ? 0.5 : 0
			rotated = /rotate/
		}
		/<text>/ {
			text = $0
			gsub(/<[^>]*>|^[ \t]+/, "", text)
			width = rotated ? 0 : length(text) * 6
			left = at[1] - anchor * width
			if (text != "" && (left < 0 || left + width > box[3] || at[2] < 8 || at[2] > box[4]))
				print text, "at", at[1], at[2], "of", box[3], box[4]
		}
	' "$1" >"$scratch/over"
	[ ! -s "$scratch/over" ] || bad "$1: text beyond the edges: $(cat "$scratch/over")"
}

# ---- a run and a sweep to draw -------------------------------------------------------------------------------------------

run run configs/tenants.yaml --quiet --out "$scratch/run"
expect 0
# A line per point: the values of these keys.
cat >"$scratch/points" <<'POINTS'
vms[0].workload.op|vms[0].workload.request_bytes|vms[0].filesystem.kind|nesc.btlb.entries|nesc.walker.count|vms[0].workload.depth|media.bandwidth
read|512 B|none|8|2|1|6400 MB/s
read|4 KiB|none|8|2|1|6400 MB/s
write|512 B|none|8|2|1|6400 MB/s
write|4 KiB|none|8|2|1|6400 MB/s
write|512 B|ext4|8|2|1|6400 MB/s
write|4 KiB|ext4|8|2|1|6400 MB/s
read|4 KiB|none|1|2|1|6400 MB/s
read|4 KiB|none|8|1|1|6400 MB/s
read|4 KiB|none|8|2|4|6400 MB/s
read|4 KiB|none|8|2|16|6400 MB/s
read|4 KiB|none|8|2|1|100 MB/s
POINTS
zip=zip:
for i in 1 2 3 4 5 6 7; do
	zip="$zip$(cut -d'|' -f$i "$scratch/points" | sed 1d | paste -sd, | sed "s/^/$(sed -n 1p "$scratch/points" | cut -d'|' -f$i)=/");"
done
run sweep configs/figures/raw_latency.yaml --quiet --out "$scratch/sweep" --schemes nesc,virtio --set 'vms[0].workload.count=60' \
	--set sweep.params=[] --set figures=[] --param "${zip%;}"
expect 0
run sweep configs/figures/p4800x.yaml --quiet --out "$scratch/labelled" --set figures=[] --set 'vms[0].workload.count=60'
expect 0

# ---- every figure of the table -------------------------------------------------------------------------------------------

run plot --list
expect 0
cp "$scratch/out" "$scratch/list"
[ "$(wc -l <"$scratch/list")" -gt 10 ] || bad 'there are hardly any figures'
while read -r figure file rest; do
	input=$scratch/run
	[ "$file" != sweep.csv ] || input=$scratch/sweep
	[ "$figure" != published ] || input=$scratch/labelled
	for format in svg png pdf; do
		for round in one two; do
			run plot "$input" --figure "$figure" --format $format --out "$scratch/$round/"
			[ "$code" -eq 0 ] || bad "$last: exit code $code: $(cat "$scratch/err")"
			out "/$figure.$format"
		done
		for end in $format gp dat; do
			cmp "$scratch/one/$figure.$end" "$scratch/two/$figure.$end" || bad "$figure.$end is not the same each time"
		done
		check_picture "$scratch/one/$figure.$format"
		# The script alone, in its folder, without anything of ours.
		cp "$scratch/one/$figure.$format" "$scratch/drawn"
		(cd "$scratch/one" && rm "$figure.$format" && gnuplot -d "$figure.gp") || bad "$figure.gp fails"
		case $format in
		pdf) check_picture "$scratch/one/$figure.pdf" ;; # knows the time
		*) cmp "$scratch/drawn" "$scratch/one/$figure.$format" || bad "$figure.gp draws something else than $figure.$format" ;;
		esac
	done
	check_edges "$scratch/one/$figure.svg"
	grep -q "^[0-9.-]* [0-9.]" "$scratch/one/$figure.dat" || bad "$figure.dat has no numbers"
	[ -n "$rest" ] || bad "$figure has no help"
done <"$scratch/list"

# Without --figure: all that there are data for, beside the input, and not in it.
run plot "$scratch/run"
expect 0
[ "$(wc -l <"$scratch/out")" -eq "$(grep -cv 'sweep.csv' "$scratch/list")" ] || bad "not all figures of a run: $(cat "$scratch/out")"
while read -r picture; do
	check_picture "$picture"
done <"$scratch/out"
[ -e "$scratch/run-figures/stages.svg" ] || bad 'no figures beside the input'
run run configs/dd.yaml --quiet --out "$scratch/run"
expect 0

# What a figure shows is what the CSV says.
run plot "$scratch/sweep/sweep.csv" --figure latency_by_size --where op=read --where scheme=nesc --where filesystem.kind=none \
	--where btlb.entries=8 --where walker.count=2 --where workload.depth=1 --where media.bandwidth='6400 MB/s' --out "$scratch/exact.svg"
expect 0
awk -F, '$1 == "read" && $3 == "none" && $4 == 8 && $5 == 2 && $6 == 1 && $7 == "6400 MB/s" && $8 == "nesc" && $9 == "app" && $10 == "all" && $11 == "read" {
	printf "%d %.10g\n", $2 == "512 B" ? 512 : 4096, $17 }' "$scratch/sweep/sweep.csv" >"$scratch/wanted"
grep '^[0-9]' "$scratch/exact.dat" | cmp - "$scratch/wanted" || bad "the figure's numbers are not the sweep's: $(cat "$scratch/exact.dat")"

# Of repeats, the mean and what lies between the least and the most; the rows that say so are not drawn with them.
mkdir "$scratch/repeats"
{
	echo 'nesc.btlb.entries,repeat,scheme,layer,vm,op,bandwidth_MBps,latency_mean_us'
	for row in 1,1@10,4 1,2@20,8 1,mean@15,6 1,ci95@63,25 2,1@30,2 2,2@30,4 2,mean@30,3 2,ci95@0,12; do
		echo "${row%@*},nesc,app,all,all,${row#*@}"
	done
} >"$scratch/repeats/sweep.csv"
run plot "$scratch/repeats" --figure btlb --y latency_mean_us --out "$scratch/repeats.svg"
[ "$code" -eq 0 ] || bad "$last: exit code $code"
[ "$(grep '^[0-9]' "$scratch/repeats.dat")" = "$(printf '1 6 4 8\n2 3 2 4')" ] || bad "not the mean of the repeats: $(cat "$scratch/repeats.dat")"
run plot "$scratch/repeats" --figure btlb --where repeat=ci95 --y latency_mean_us --out "$scratch/repeats.svg"
expect 0
[ "$(grep '^[0-9]' "$scratch/repeats.dat")" = "$(printf '1 25\n2 12')" ] || bad 'a row that is asked for is not drawn'

# ---- any column against any parameter --------------------------------------------------------------------------------------

run plot "$scratch/sweep" --x workload.depth --y latency_p99_us,iops --by scheme --where request_bytes='4 KiB' --where op=read \
	--where btlb.entries=8 --where walker.count=2 --where media.bandwidth='6400 MB/s' --out "$scratch/any.png"
expect 0
check_picture "$scratch/any.png"
grep -q '99th percentile of latency, µs' "$scratch/any.gp" || bad 'an axis without its unit'
run plot "$scratch/run" --x stage --y service_mean_us --where scheme=nesc
expect 0
check_picture "$scratch/run-figures/service_mean_us_by_stage.svg"
run plot "$scratch/run" --figure fairness --y iops --format pdf --out "$scratch/"
expect 2
err "'fairness' needs more than one value of 'vm'"

# A file name is a name, whatever it looks like.
mkdir "$scratch/odd"
(cd "$scratch/odd" && "$tool" plot ../run --figure cpu --out '<touch x;.svg' && "$tool" plot ../run --figure cpu --out "-it's \$(touch x).png") \
	>"$scratch/out" 2>"$scratch/err" || bad "odd names: $(cat "$scratch/err")"
check_picture "$scratch/odd/<touch x;.svg"
check_picture "$scratch/odd/-it's \$(touch x).png"
[ ! -e "$scratch/odd/x" ] || bad 'a file name was run'

# ---- mistakes --------------------------------------------------------------------------------------------------------------

# mistake CODE TEXT WORDS: fails so, says this, and leaves nothing.
mistake() {
	wanted=$1 says=$2
	shift 2
	run plot "$@"
	expect "$wanted"
	err "$says"
	[ ! -e "$scratch/none.svg" ] || bad "$last: a picture in spite of that"
}
mistake 2 'did you mean btlb?' "$scratch/sweep" --figure btbl
mistake 2 'did you mean latency_mean_us?' "$scratch/run" --figure latency --y latency_maen_us --out "$scratch/none.svg"
mistake 2 'did you mean scheme?' "$scratch/sweep" --x sceme --y iops
mistake 2 'stages.csv: error: there is no column' "$scratch/run" --x stage --y service_maen_us
mistake 2 "no row is left with op=raed (there are: read, all)" "$scratch/run" --figure latency --where op=raed --out "$scratch/none.svg"
mistake 2 'is not COLUMN=VALUE' "$scratch/run" --figure latency --where read
mistake 2 'there is no sweep.csv' "$scratch/run" --figure btlb
mistake 2 '--x and --y are needed both' "$scratch/run" --x op
mistake 2 '--by needs' "$scratch/run" --by op
mistake 2 'there is no format' "$scratch/run" --format jpg
mistake 2 'does not say which format' "$scratch/run" --figure cpu --out "$scratch/none"
mistake 2 'is no name for png' "$scratch/run" --figure cpu --out "$scratch/none.svg" --format png
mistake 2 'need a folder' "$scratch/run" --out "$scratch/none.svg"
mistake 2 'needs a result folder or a CSV'
mistake 2 'is no result folder' "$scratch/odd"
mistake 4 'cannot read it' "$scratch/nowhere.csv" --figure btlb
mistake 4 'cannot make the folder' "$scratch/run" --figure cpu --out "$scratch/no/where/none.svg"
mistake 4 'cannot write' "$scratch/run" --figure cpu --out "$scratch/list/none.svg"
mkdir "$scratch/taken" "$scratch/taken/cpu.svg"
mistake 2 'no ordinary file' "$scratch/run" --figure cpu --out "$scratch/taken/"
printf 'scheme,op\nnesc,read,4\n' >"$scratch/short.csv"
mistake 3 'short.csv:2: error: 3 cells' "$scratch/short.csv" --x op --y scheme
mistake 3 'this is no CSV of results' README.md --x a --y b
printf 'name,price\napple,2\n' >"$scratch/shop.csv"
mistake 2 'there is nothing in' "$scratch/shop.csv"
mistake 2 "there is no column 'op'" "$scratch/shop.csv" --figure latency
mistake 2 "holds no numbers: 'apple'" "$scratch/shop.csv" --x price --y name

# What a configuration wants: a wrong wish is told, and the others are drawn.
mkdir "$scratch/wishes"
cp "$scratch/run/summary.csv" "$scratch/wishes/"
printf 'scheme,op\nnesc\n' >"$scratch/wishes/units.csv"
cat >"$scratch/wishes/result.json" <<'WISHES'
{"figures": [
	{"name": "first", "figure": "latency"},
	{"name": "second", "figure": "latency", "where": ["op=raed"]},
	{"name": "third", "figure": "latncy"},
	{"name": "fourth", "figure": "utilisation"},
	{"name": "fifth", "figure": "utilisation"},
	{"name": "sixth", "figure": "speed_up"}
]}
WISHES
run plot "$scratch/wishes" --out "$scratch/wished/"
[ "$code" -eq 2 ] || bad "$last: exit code $code instead of the first wrong wish's"
err 'no row is left with op=raed'
err 'did you mean latency?'
err 'units.csv:2: error: 1 cells'
[ "$(grep -c 'error: ' "$scratch/err")" -eq 3 ] || bad "not every mistake is told once: $(cat "$scratch/err")"
printf '%s\n' "$scratch/wished/first.svg" "$scratch/wished/sixth.svg" | cmp - "$scratch/out" || bad 'a wrong wish hides the others'
check_picture "$scratch/wished/sixth.svg"

# Figures do not depend on where and by whom they are drawn.
run plot "$scratch/run" --figure cpu --out "$scratch/plain.pdf"
expect 0
(
	export TZ=XYZ-5:30 GNUTERM=none GNUFITLOG=none GNUPLOT_LIB=none GNUPLOT_PS_DIR=none FIT_LOG=none
	run plot "$scratch/run" --figure cpu --out "$scratch/elsewhere.pdf"
	expect 0
	[ "$failures" -eq 0 ]
) || bad 'the environment breaks a figure'
cmp "$scratch/plain.pdf" "$scratch/elsewhere.pdf" || bad 'the environment changes a figure'
# Over 0 there is no ratio.
printf 'depth,scheme,wait_us\n1,host,4\n2,host,0\n1,nesc,0\n2,nesc,3\n' >"$scratch/zero.csv"
for kind in depth@scheme scheme@depth; do
	run plot "$scratch/zero.csv" --x "${kind%@*}" --by "${kind#*@}" --y 'speed_up(wait_us)' --out "$scratch/zero.svg"
	expect 0
	check_picture "$scratch/zero.svg"
done

mkdir "$scratch/bin"
PATH=$scratch/bin "$tool" plot "$scratch/run" --figure cpu --out "$scratch/none.svg" >"$scratch/out" 2>"$scratch/err"
code=$? last='plot without gnuplot'
expect 4
err 'gnuplot, which is not installed (on Debian it is in the package gnuplot-nox)'
[ ! -e "$scratch/none.svg" ] || bad 'a picture without gnuplot'
# One that fails.
printf '#!/bin/sh\necho "line 3: I cannot" >&2\nexit 1\n' >"$scratch/bin/gnuplot"
chmod +x "$scratch/bin/gnuplot"
PATH=$scratch/bin "$tool" plot "$scratch/run" --figure cpu --out "$scratch/none.svg" >"$scratch/out" 2>"$scratch/err"
code=$? last='plot with a broken gnuplot'
expect 1
err 'gnuplot fails: line 3: I cannot'
[ ! -e "$scratch/none.svg" ] || bad 'a picture of a gnuplot that fails'
for file in "$scratch"/*.partial-*; do
	[ ! -e "$file" ] || bad "$file was left"
done
finish
