#!/bin/sh
# Mistakes in configurations and traces: file:line:column, what is wrong, what would be right, all in one pass, exit 3.
. tests/cli/cli.sh
config=$scratch/config.yaml

for shipped in configs/*.yaml configs/figures/*.yaml; do
	run check "$shipped"
	expect 0
	out "$shipped: ok"
	run check "$shipped" --print
	expect 0
	out 'vms:'
done

run check nowhere.yaml
expect 4
err 'nowhere.yaml: error: cannot open'
run run nowhere.yaml
expect 4

cat >"$config" <<'EOT'
nesc:
  btlb: {entires: 4}
  queue: {depth: 0}
vms:
  - disk: {bytes: 10}
    workload: {kind: dd, count: 1}
schemes: [host, nesk]
EOT
for command in check run explain link; do
	run "$command" "$config"
	expect 3
	err "$config:2:10: error: nesc.btlb.entires: unknown key (did you mean 'entries'?)"
	err "$config:3:18: error: nesc.queue.depth:"
	err "$config:5:19: error: vms[0].disk.bytes:"
	err "$config:7:17: error: "
	[ "$(wc -l <"$scratch/err")" -eq 4 ] || bad "$last: other than four messages: $(cat "$scratch/err")"
done

printf 'vms: [\n' >"$config"
run check "$config"
expect 3
err "$config:"
: >"$config"
run check "$config"
expect 3
err 'missing required key'

run check configs/dd.yaml --set nesc.btlb.entries=many
expect 3
err '--set: error: nesc.btlb.entries: expected a whole number'
run check configs/dd.yaml --set nesc.btbl.entries=1
expect 3
err "did you mean 'btlb'?"
run check configs/dd.yaml --set 'vms[3].disk.bytes=1 MiB'
expect 3

# Traces: missing, empty, garbage, cut short, beyond the disk.
run check configs/vc707.yaml --set "vms[0].workload.file=$scratch/none"
expect 4
err 'configs/vc707.yaml:'
: >"$scratch/empty"
printf 'this is no trace\n' >"$scratch/garbage"
xz -dc traces/postmark.blktrace.0.xz 2>/dev/null | head -c 100000 >"$scratch/cut" || :
head -c 5000 traces/postmark.blktrace.0.xz >"$scratch/cut.xz"
for trace in empty garbage cut.xz; do
	run run configs/vc707.yaml --set "vms[0].workload.file=$scratch/$trace" --out "$scratch/out-folder"
	expect 3
	err "$scratch/$trace"
	[ ! -e "$scratch/out-folder" ] || bad "$last: left a folder"
done
if [ -s "$scratch/cut" ]; then
	run check configs/vc707.yaml --set "vms[0].workload.file=$scratch/cut"
	expect 3
fi
run check configs/vc707.yaml --set 'vms[0].disk.bytes=100 MiB'
expect 3
err 'make the disk larger'
[ "$(grep -c "error:" "$scratch/err")" -le 20 ] || bad "$last: more than 20 errors"

finish
