#!/bin/sh
# `nescsim explain`: the same words on every call and in both placements.
. tests/cli/cli.sh

run explain configs/dd.yaml --request 3 --set vms[0].workload.count=10
expect 0
out 'Request 3 of VM 1: read of 4096 bytes'
out 'host: '
out 'nesc: '
cp "$scratch/out" "$scratch/first"
run explain configs/dd.yaml --set vms[0].workload.count=10 --request=3 --set sim.placement=per_unit
expect 0
cmp -s "$scratch/out" "$scratch/first" || bad "per_unit explains something else"

run explain configs/dd.yaml --schemes nesc --set vms[0].workload.count=10
expect 0
out 'Request 0 of VM 1'
if grep -q '^host: ' "$scratch/out"; then
	bad "host, which nobody asked for"
fi
run explain configs/dd.yaml --request 10 --set vms[0].workload.count=10
expect 2
err 'VM 1 has 10'

finish
