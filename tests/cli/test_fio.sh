#!/bin/sh
# A fio job file is a workload of all schemes, and what cannot be simulated is named.
. tests/cli/cli.sh

for placement in clustered per_unit; do
	run run configs/fio.yaml --schemes host,nesc,virtio,emulation,vfio --set "sim.placement=$placement" --check --requests --out "$scratch/$placement"
	expect 0
done
for file in summary requests units; do
	cmp "$scratch/clustered/$file.csv" "$scratch/per_unit/$file.csv" || bad "$file.csv depends on the placement"
done
# 2,000 and 150 requests, whatever the scheme; a flush after each write of the log but the last.
[ "$(awk -F, '$2 == "app" && $4 == "all" && $5 == 2150' "$scratch/clustered/summary.csv" | grep -vc ',all,all,')" -eq 5 ] ||
	bad "not 2150 requests per scheme: $(cat "$scratch/clustered/summary.csv")"
[ "$(awk -F, '$2 == "block" && $3 == 1 && $4 == "flush" && $5 == 149' "$scratch/clustered/summary.csv" | wc -l)" -eq 5 ] ||
	bad 'not 149 flushes per scheme'
# The log keeps its rate: 150 writes take 75 ms, less the last gap.
awk -F, '$1 == "host" && $4 == "flush" { at = $7 } END { exit !(at > 73900 && at < 75100) }' "$scratch/clustered/requests.csv" ||
	bad 'the log does not write 2,000 times a second'

# Same seed, same bytes; another seed, other places.
run run configs/fio.yaml --schemes host --requests --out "$scratch/again"
expect 0
grep '^scheme\|^host' "$scratch/clustered/requests.csv" | cmp - "$scratch/again/requests.csv" || bad 'the same seed gives other requests'
run run configs/fio.yaml --schemes host --requests --out "$scratch/other" --seed 2
expect 0
cmp -s "$scratch/again/requests.csv" "$scratch/other/requests.csv" && bad 'another seed gives the same requests'

# vCPUs take the jobs in turn.
run run configs/fio.yaml --schemes nesc --set guest.vcpus=2 --out "$scratch/two"
expect 0

# Mistakes of the job file and of the configuration are found at once, before anything runs.
printf '[global]\ndirect=1\n[a]\niodept=4\nbs=3k,1x\nsize=2%%\n[b]\nverify=md5\nrw=randrww\n' >"$scratch/bad.fio"
run run configs/fio.yaml --set "vms[0].workload.file=$scratch/bad.fio" --out "$scratch/bad"
expect 3
err "bad.fio:4:1: error: iodept: this option is unknown, or not simulated (did you mean 'iodepth'?)"
err "bad.fio:5:4: error: bs: expected a size, not '1x'"
err 'bad.fio:8:1: error: verify: this option is not simulated'
err "bad.fio:9:4: error: rw: unknown choice 'randrww'"
[ ! -e "$scratch/bad" ] || bad 'a result of a broken job'
run check configs/fio.yaml --set 'vms[0].disk.bytes=32 MiB'
expect 3
err 'randrw.fio:9:1: error: database.size'
err 'randrw.fio:17:1: error: log.size'
run check configs/fio.yaml --set vms[0].workload.file=nowhere.fio
[ "$code" -eq 4 ] || bad "$last: exit code $code"
err 'nowhere.fio'
run check configs/fio.yaml --set vms[0].filesystem=ext4
expect 3

# The same in a configuration's own words.
run run configs/dd.yaml --schemes nesc --set 'vms[0].workload={kind: fio, rw: randread, bs: 4 KiB, size: 1 MiB, rate_iops: 10000, rate_process: poisson}' \
	--out "$scratch/keys"
expect 0
grep -q '^nesc,app,1,read,256,' "$scratch/keys/summary.csv" || bad 'not 256 reads'
finish
