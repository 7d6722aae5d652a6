#!/bin/sh
# samples.sh NESCSIM DIR: makes random.* of traces/samples/ from one fio job, into DIR. (random.vscsi1 and 2 are made by
# tests/workload/test_vscsi.c.)
set -eu
[ $# -eq 2 ] || {
	echo 'usage: samples.sh NESCSIM DIR' >&2
	exit 2
}
job=$(mktemp)
trap 'rm -f "$job"' EXIT
cat >"$job" <<'EOT'
[global]
filename=/dev/vdb
direct=1
ioengine=libaio
io_submit_mode=offload
size=1g
rate_process=poisson
[mixed]
rw=randrw
rwmixread=70
bssplit=4k/60:8k/25:64k/15
iodepth=64
rate_iops=2000,1000
fsync=5
number_ios=64
[discards]
rw=randtrim
bs=64k
rate_iops=100
number_ios=2
EOT
"$1" trace generate "$2/random.csv" --force --job "$job" --service '129.5 us' >/dev/null
for format in fio spc disksim mqsim; do
	"$1" trace convert "$2/random.csv" "$2/random.$format" --force >/dev/null
done
