#!/bin/sh
# `nescsim reproduce`: are sweeps and runs made, drawn and reported by one command, the same each time, and is every mistake told
# before anything runs?
. tests/cli/cli.sh
command -v gnuplot >/dev/null || {
	echo 'no gnuplot'
	exit 1
}

mkdir "$scratch/set" "$scratch/empty"
cat >"$scratch/set/base.yaml" <<'YAML'
vms: [{workload: {kind: dd, count: 40}}]
schemes: [host, nesc]
YAML
cat >"$scratch/set/depth.yaml" <<'YAML'
base: base.yaml
sweep: {params: "zip:@how=shallow,deep;vms[0].workload.depth=1,4"}
figures:
  - {name: by_depth, x: how, y: "iops,speed_up(latency_mean_us)", by: scheme, title: "By <depth> & more"}
  - {name: seen_by_nesc, x: how, y: iops, where: scheme=nesc}
YAML
cat >"$scratch/set/once.yaml" <<'YAML'
base: base.yaml
figures: [{name: where_time_goes, figure: stages}]
YAML
cp "$scratch/set/base.yaml" "$scratch/plain.yaml"

# ---- all of it -----------------------------------------------------------------------------------------------------------

reproduce() {
	run reproduce "$scratch/set" --out "$scratch/$1"
	expect 0
}

reproduce one
sed "s|$scratch/||" "$scratch/out" >"$scratch/names"
cat >"$scratch/wanted" <<'NAMES'
one/figures/by_depth.svg
one/figures/seen_by_nesc.svg
one/figures/where_time_goes.svg
one/report.html
NAMES
cmp "$scratch/names" "$scratch/wanted" || bad "it made: $(cat "$scratch/names")"
[ -e "$scratch/one/depth/sweep.csv" ] || bad 'no sweep'
[ -e "$scratch/one/once/summary.csv" ] || bad 'no run'
[ ! -e "$scratch/one/base" ] || bad 'a base without figures was run'
grep -q 'By &lt;depth' "$scratch/one/figures/by_depth.svg" || bad 'the title is not on the figure'
! grep -q '"host"' "$scratch/one/figures/seen_by_nesc.dat" || bad 'the condition of a figure has no effect'
for name in depth once; do
	grep -q "<h2>$name" "$scratch/one/report.html" || bad "the report does not speak of $name"
done

# One of them alone, by its name.
run plot "$scratch/one/depth" --figure seen_by_nesc --out "$scratch/alone.svg"
expect 0
cmp "$scratch/alone.svg" "$scratch/one/figures/seen_by_nesc.svg" || bad 'a figure by its name is another one'
run plot "$scratch/one/depth" --figure seen_by_nsec --out "$scratch/alone.svg"
expect 2

# Again: points are kept (a kept folder is the same file), and nothing else changes.
inode=$(stat -c %i "$scratch/one/depth/points/0001/result.json")
cp -r "$scratch/one" "$scratch/before"
reproduce one
[ "$inode" = "$(stat -c %i "$scratch/one/depth/points/0001/result.json")" ] || bad 'a point that is there was run again'
diff -r "$scratch/one" "$scratch/before" >"$scratch/diff" || bad "not the same again: $(cat "$scratch/diff")"
reproduce two
for file in figures/by_depth.svg figures/by_depth.dat depth/sweep.csv once/summary.csv; do
	cmp "$scratch/one/$file" "$scratch/two/$file" || bad "$file is not the same elsewhere"
done

# What another call has left in the folder is not in the report.
run reproduce "$scratch/set/once.yaml" --out "$scratch/two"
expect 0
! grep -q '<h2>depth' "$scratch/two/report.html" || bad 'the report speaks of an earlier call'

# What was published stands first, with the verdicts that the terminal gives: as many rows, in their order.
run validate
mv "$scratch/out" "$scratch/judgement"
sed -n 's/^\([a-z0-9-]*\)  *\(read\|write\) .* \(holds\|MISS\)$/\1 \2 \3/p' "$scratch/judgement" | sort >"$scratch/verdicts"
[ "$(wc -l <"$scratch/verdicts")" -gt 20 ] || bad 'there are no verdicts'
run reproduce "$scratch/set/once.yaml" --validate --quiet --out "$scratch/judged"
expect 0
sed -n '/<section id="s0">/,/<\/section>/p' "$scratch/judged/report.html" >"$scratch/claims"
sed -n 's/^<tr><th scope="row">\([^<]*\)<.th><td>\([a-z]*\)<.*>\(holds\|MISS\)<.*$/\1 \2 \3/p' "$scratch/claims" |
	sort | cmp - "$scratch/verdicts" || bad 'the page has other verdicts than the terminal'
lacking=$(grep -c '^MISS ' "$scratch/judgement")
[ "$(grep -c '^<li>.* missed at .* Lacking: ' "$scratch/claims")" -eq "$lacking" ] || bad 'a miss is not explained'
for kind in Predictions 'Calibration points'; do
	count=$(sed -n "s/^$kind: \([0-9]* hold, [0-9]* miss\)\.$/\1/p" "$scratch/judgement")
	grep -A 1 ">$kind<" "$scratch/claims" | grep -q "<p>$count (" || bad "the count of $kind"
done
grep -q '<a href="#s0">Published and simulated</a>' "$scratch/judged/report.html" || bad 'the contents do not name the claims'
xmllint --nonet --noout "$scratch/judged/report.html" || bad 'the page with claims is not well-formed'
! grep -q 'id="s0"' "$scratch/one/report.html" || bad 'claims that nobody asked for'
# With the same keys as the rest; what cannot be judged then is said.
run reproduce "$scratch/set/once.yaml" --validate --set 'schemes=[nesc, host]' --quiet --out "$scratch/judged"
expect 0
grep -q '<td>not simulated</td>' "$scratch/judged/report.html" || bad '--set does not reach the claims'

# Another key for all; a configuration without figures gets all that there are, in a folder of its own.
run reproduce "$scratch/set/once.yaml" "$scratch/plain.yaml" --set 'schemes=[nesc, virtio]' --format png --out "$scratch/other"
expect 0
for file in where_time_goes.png plain/latency.png plain/stages.png; do
	[ -e "$scratch/other/figures/$file" ] || bad "there is no $file"
done
grep -q '^virtio,' "$scratch/other/once/summary.csv" || bad '--set has no effect'

# What is shipped says what is drawn of it, and the documentation has it.
for file in configs/figures/*.yaml; do
	grep -q '^figures:' "$file" || bad "$file does not say what is drawn of it"
	sed -n 's/.*name: \([a-z0-9_]*\).*/\1/p' "$file" >>"$scratch/shipped"
done
while IFS= read -r name; do
	[ -e "docs/figures/$name.svg" ] || bad "docs/figures/$name.svg is missing"
done <"$scratch/shipped"

# ---- mistakes ------------------------------------------------------------------------------------------------------------

# refused STATUS WHAT ARGUMENT...: with these arguments, it says so and makes nothing.
refused() {
	wanted=$1 what=$2
	shift 2
	run reproduce "$@" --out "$scratch/none"
	expect "$wanted"
	err "$what"
	[ ! -e "$scratch/none" ] || bad "something was made in spite of: $what"
}

refused 2 "there is no configuration with a section 'figures' in this folder" "$scratch/empty"
mkdir "$scratch/twice"
cp "$scratch/set/"*.yaml "$scratch/twice"
refused 2 "its results would be where those of '$scratch/set/depth.yaml' are" "$scratch/set" "$scratch/twice/depth.yaml"
mv "$scratch/twice/depth.yaml" "$scratch/twice/deeper.yaml"
refused 2 "another configuration has a figure 'by_depth', too" "$scratch/set" "$scratch/twice/deeper.yaml"
sed -i 's/where_time_goes, figure: stages/a b, figure: stagse/' "$scratch/twice/once.yaml"
refused 3 "unknown choice 'stagse' (did you mean 'stages'?" "$scratch/twice"
sed -i 's/figure: stagse/x: scheme/' "$scratch/twice/once.yaml"
refused 3 "columns need both x and y" "$scratch/twice"
err "'a b' is no name of a file"
sed -i 's/, x: scheme/, figure: stages/; s/a b/stages/; s/^figures/sweep: {params: "sim.seed=1,2"}\nfigures/' "$scratch/twice/once.yaml"
refused 3 "'stages' shows a single run, and this configuration sweeps" "$scratch/twice"
refused 2 "there is no format 'gif'" "$scratch/set" --format gif
refused 2 "'vms[0].workload.depth' is swept, and set" "$scratch/set" --set vms[0].workload.depth=2
refused 2 '--jobs is 1 to 4096' "$scratch/set" --jobs 0
run reproduce "$scratch/set" --out ''
expect 2
err 'has no name'
run reproduce "$scratch/set" --out "$scratch/one/once"
expect 2
err 'the folder holds the result of a single run or sweep'

# One fails: the others are there, and so is the report, which has nothing of an earlier run of it.
cp "$scratch/set/once.yaml" "$scratch/set/failing.yaml"
sed -i 's/where_time_goes/failed/' "$scratch/set/failing.yaml"
run reproduce "$scratch/set" --quiet --out "$scratch/some"
expect 0
rm -r "$scratch/some/figures"
cat >"$scratch/set/failing.yaml" <<'YAML'
base: base.yaml
vms: [{disk: {bytes: 1 MiB, map: {kind: fragmented, hole_percent: 50}}, workload: {kind: dd, op: write, count: 40}}]
schemes: [host]
figures: [{name: failed, figure: stages}]
YAML
run reproduce "$scratch/set" --quiet --out "$scratch/some"
expect 1
err 'a block has no mapping'
for file in figures/by_depth.svg report.html; do
	[ -e "$scratch/some/$file" ] || bad "one failure took $file along"
done
[ ! -e "$scratch/some/figures/failed.svg" ] || bad 'a figure of a failed run'
! grep -q '<h2>failing' "$scratch/some/report.html" || bad 'the report has an old result of what has failed now'

finish
