#!/bin/sh
# test_figures.sh ROOT NESCSIM: docs/figures.sh writes the numbers that runs give, in whole tables, for every experiment that is
# shipped; with gnuplot it draws them too.
set -u
cd "${1:?usage: test_figures.sh ROOT NESCSIM}" || exit 2
NESCSIM=${2:?usage: test_figures.sh ROOT NESCSIM}
export NESCSIM LC_ALL=C
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
status=0

bad() {
	printf '%s\n' "$1"
	status=1
}

for file in configs/figures/*.yaml; do
	name=$(basename "$file" .yaml)
	grep -qw "$name" docs/figures.sh || bad "docs/figures.sh does not use $file"
	grep -q "figures.sh" "$file" || bad "$file does not say how it is drawn"
done

# Two schemes, so that it takes a moment only.
csv=--csv
if command -v gnuplot >/dev/null; then csv=; fi
# shellcheck disable=SC2086 # nothing or one word
sh docs/figures.sh $csv --out "$scratch" --set 'schemes=[host, nesc]' raw_latency direct_assignment applications 2>"$scratch/err" \
	|| bad "figures.sh fails: $(cat "$scratch/err")"
[ ! -s "$scratch/err" ] || bad "figures.sh: $(cat "$scratch/err")"
for lines in raw_latency:29 direct_assignment:21 applications:7; do
	name=${lines%:*}
	[ "$(wc -l <"$scratch/$name.csv")" -eq "${lines#*:}" ] || bad "$name.csv: not ${lines#*:} lines: $(cat "$scratch/$name.csv")"
	awk -F, 'NR == 1 { num = NF } NF != num || /,$|,,/ { exit 1 }' "$scratch/$name.csv" || bad "$name.csv has gaps"
	if [ -z "$csv" ]; then
		grep -q '</svg>' "$scratch/$name.svg" || bad "$name.svg is no whole picture"
	fi
done
"$NESCSIM" run configs/figures/raw_latency.yaml --quiet --out "$scratch/result" --set 'schemes=[host, nesc]' \
	--set 'vms[0].workload.op=write' --set 'vms[0].workload.request_bytes=8 KiB' || bad "a run fails"
wanted=$(awk -F, '$1 == "nesc" && $2 == "app" && $3 == 1 && $4 == "write" { print "write,8192,nesc," $10 "," $9 }' "$scratch/result/summary.csv")
grep -qx "$wanted" "$scratch/raw_latency.csv" || bad "raw_latency.csv does not say what a run says: $wanted"

if sh docs/figures.sh --out "$scratch" no_figure >"$scratch/out" 2>&1; then
	bad "a figure that does not exist is drawn"
fi
grep -q 'figures.sh \[' "$scratch/out" || bad "no usage: $(cat "$scratch/out")"
exit "$status"
