#!/bin/sh
# Did a prediction change? Runs small cases of the shipped configs and compares every CSV, byte by byte, with the
# stored one. A change on purpose: run with --update, read the difference, and say in the commit which predictions
# changed and why.
#
#   check_golden.sh NESCSIM SOURCE_DIR [--update]
set -u
nescsim=$1
source_dir=$2
update=${3:-}
golden=$source_dir/tests/golden
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

# case_run NAME CONFIG [--set KEY=VALUE]...
case_run() {
	name=$1
	config=$2
	shift 2
	if ! "$nescsim" run "$source_dir/configs/$config" --out "$work/$name" --quiet "$@"; then
		echo "$name: the run failed"
		failed=1
		return
	fi
	for csv in summary stages units; do
		if [ "$update" = --update ]; then
			mkdir -p "$golden/$name"
			cp "$work/$name/$csv.csv" "$golden/$name/$csv.csv"
		elif ! diff -u "$golden/$name/$csv.csv" "$work/$name/$csv.csv" > "$work/diff"; then
			echo "$name/$csv.csv is not what it was:"
			head -n 20 "$work/diff"
			failed=1
		fi
	done
}

case_run postmark vc707.yaml --set 'vms[0].workload.max_requests=3000'
case_run dd dd.yaml --set 'vms[0].workload.count=500'
case_run dd-write-large dd.yaml --set 'vms[0].workload.count=20' --set 'vms[0].workload.op=write' \
	--set 'vms[0].workload.request_bytes=1 MiB' --set 'vms[0].workload.pattern=sequential'
case_run fragmented fragmented.yaml --set 'vms[0].workload.count=2000'
case_run null-exponential null.yaml --set 'vms[0].workload.count=500' --set media.service=exponential \
	--set 'media.mean=5 us' --set media.servers=2 --set 'vms[0].workload.depth=4'
case_run many-vms fragmented.yaml --set 'vms[0].count=8' --set 'vms[0].disk.bytes=16 MiB' --set guest.vcpus=1 \
	--set 'vms[0].workload.count=300'
case_run lazy lazy.yaml --set 'vms[0].workload.count=1500' --set 'vms[0].workload.region_bytes=2 MiB' \
	--set 'hypervisor.tree_memory=4 KiB' --set 'hypervisor.quota=1 MiB' \
	--set 'hypervisor.actions=[{kind: defragment, vm: 1, at: 1 ms, every: 2 ms, count: 5}]'
case_run storm storm.yaml --set 'vms[0].workload.count=300' --set 'vms[1].workload.count=200'
case_run priority storm.yaml --set 'vms[0].workload.count=300' --set 'vms[1].workload.count=200' \
	--set 'vms[0].qos.priority=1' --set nesc.mux.policy=strict_priority --set nesc.dma.policy=priority
case_run sriov nesc-sriov.yaml --set 'vms[0].workload.count=500' --set 'vms[0].workload.depth=8' \
	--set nesc.interrupts.coalesce_count=4
exit $failed
