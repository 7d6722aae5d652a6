#!/bin/sh
# `nescsim run`: the table, the folder, options in every position; nothing left of a run that failed.
. tests/cli/cli.sh
folder=$scratch/results/a/b

short='vms[0].workload.count=200'
run run configs/dd.yaml --set "$short" --out "$folder"
expect 0
out 'speed-up'
out 'host: '
out 'nesc: '
out "Results: $folder"
cp "$scratch/out" "$scratch/table"
sh scripts/check_result.sh "$folder" >/dev/null || bad "the folder is not whole"
[ ! -e "$folder/requests.csv" ] || bad "requests.csv, which nobody asked for"
head -n 1 "$folder/summary.csv" | grep -q '^scheme,layer,vm,op,requests,bytes,simulated_s,iops,bandwidth_MBps,' \
	|| bad "summary.csv has other columns"
[ "$(head -n 1 "$folder/units.csv")" = scheme,unit,queue,vm,metric,value ] || bad "units.csv has other columns"
if grep -rqF -e "$PWD" -e "$scratch" "$folder"; then
	bad "the folder knows where it was made"
fi

# Options before and after, in both forms, and in a folder that is replaced.
run run --set="$short" --out="$folder" --schemes nesc,host --seed 7 configs/dd.yaml --requests
expect 0
[ -s "$folder/requests.csv" ] || bad "no requests.csv"
[ "$(sed -n '2s/,.*//p' "$folder/summary.csv")" = nesc ] || bad "nesc is not the first scheme"
grep -q '"seed": 7' "$folder/result.json" || bad "another seed than 7"
run run --out "$folder" --set "$short" -- configs/dd.yaml
expect 0
cmp -s "$scratch/out" "$scratch/table" || bad "the same run prints another table"
[ ! -e "$folder/requests.csv" ] || bad "a file of the earlier run"

run run configs/dd.yaml --set "$short" --out "$folder" --quiet
expect 0
[ ! -s "$scratch/out" ] || bad "--quiet prints"

# The default folder is named after the configuration.
configs=$PWD/configs
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
cd "$scratch" || exit 2
run run "$configs/dd.yaml" --set "$short"
expect 0
[ -s results/dd/result.json ] || bad "no results/dd"
cd "$configs/.." || exit 2

# Failures leave nothing, and an earlier result as it was.
holes='vms[0].disk={bytes: 512 MiB, map: {kind: fragmented, hole_percent: 50}}'
run run configs/dd.yaml --set "$short" --set vms[0].workload.op=write --set "$holes" --out "$scratch/holes"
expect 1
err 'a block has no mapping'
[ -z "$(find "$scratch" -name 'holes*')" ] || bad "a failed run left $(find "$scratch" -name 'holes*')"
before=$(cksum "$folder"/*)
run run configs/dd.yaml --set "$short" --set vms[0].workload.op=write --set "$holes" --out "$folder"
expect 1
[ "$before" = "$(cksum "$folder"/*)" ] || bad "a failed run changed an earlier result"

# What is not ours is not touched.
mkdir "$scratch/mine" && echo text >"$scratch/mine/notes"
run run configs/dd.yaml --set "$short" --out "$scratch/mine"
expect 2
[ "$(ls "$scratch/mine")" = notes ] || bad "a foreign folder was changed"
run run configs/dd.yaml --set "$short" --out "$scratch/mine/notes"
expect 2
run run configs/dd.yaml --set "$short" --out /dev/null/out
expect 4

run link configs/vc707.yaml
expect 0
out 'PCIe generation 2 x8'
run link configs/vc707.yaml --set link.generation=3
expect 0
out 'PCIe generation 3 x8'

finish
