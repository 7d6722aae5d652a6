#!/bin/sh
# One trace of many disks, dealt out to VMs: from file to a table per VM, without a format option.
. tests/cli/cli.sh

# Alibaba's format: disk i (of 64, appearing in the order 64 ... 1) has i requests of 4 KiB, spread over the same time.
awk 'BEGIN {
	for (n = 0; n < 64; n++)
		for (disk = 64; disk >= 1; disk--)
			if (n < disk)
				printf "%d,%s,%d,4096,%.0f\n", disk, n % 3 ? "R" : "W", 4096 * ((n * 37 + disk) % 100), 1577808000000000 + 1000 * n + 64 - disk
}' | gzip >"$scratch/many.csv.gz"

run run configs/tenants.yaml --trace "$scratch/many.csv.gz" --schemes nesc --check --out "$scratch/many"
expect 0
out '64 VMs are shown together'
out 'VM 1 replays device 64'
out '45 more such notes are in result.json'
rows=$(awk -F, '$2 == "block" && $3 != "all" && $4 == "all" && $5 == 65 - $3' "$scratch/many/summary.csv" | wc -l)
[ "$rows" -eq 64 ] || bad "summary.csv has $rows right rows of VMs"
grep -q '"VM 64 replays device 1"' "$scratch/many/result.json" || bad 'result.json does not say who replays what'

# So do files of every kind, whatever is in their names; a part of one, and slower.
for file in traces/samples/msr.csv.gz traces/samples/random.fio traces/sb_rndrw.blktrace.0.xz; do
	cp "$file" "$scratch/it's [one] *${file##*/}"
	run run configs/tenants.yaml --trace "$scratch/it's [one] *${file##*/}" --schemes nesc --out "$scratch/one"
	expect 0
	out 'nesc'
done
# A format that is named is the one that is read.
run run configs/tenants.yaml --trace "$scratch/many.csv.gz" --format alibaba --schemes nesc --out "$scratch/named"
expect 0
run run configs/tenants.yaml --trace "$scratch/many.csv.gz" --format tencent --out "$scratch/misnamed"
expect 3
err 'many.csv.gz:1:4: error: expected'
# 1 ms holds many's first two rounds, of 64 and of 63 requests; four times as slow they last four times as long.
run run configs/tenants.yaml --trace "$scratch/many.csv.gz" --skip '1 ms' --window '2 ms' --time-scale 4 --schemes nesc --out "$scratch/part"
expect 0
grep -q '^nesc,block,all,all,125,' "$scratch/part/summary.csv" || bad "a window has other requests: $(cat "$scratch/part/summary.csv")"
span_us=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "simulated_s") column = i } $2 == "block" && $3 == "all" && $4 == "all" { print $column * 1000000 }' "$scratch/part/summary.csv")
case ${span_us%.*} in
4[0-4]??) ;;
*) bad "1 ms of recorded time, four times as slow, took $span_us us" ;;
esac

# What does not fit is said before anything runs, with what would.
run check configs/tenants.yaml --set 'vms[0].count=2'
expect 3
err 'vms[0].workload.map: the trace has 3 devices for 2 VMs (raise count to 3'
run check configs/tenants.yaml --set 'vms[0].count=2' --set 'vms[0].workload.map=fold' --set 'vms[0].workload.address=error' \
	--set 'vms[0].disk.bytes=300 MiB'
expect 3
err "VM 1's requests reach up to byte"
err 'make disk.bytes 1004 MiB or more, or choose address: wrap or address: scale'
run check configs/tenants.yaml --set 'vms[0].workload.map=same'
expect 3
err 'count: 0 needs one VM per device, map is same'
run check configs/vc707.yaml --set 'vms[0].count=0' --set 'vms[0].workload={kind: dd, count: 5}'
expect 3
err 'count: 0 means one VM for each device of a trace'
awk 'BEGIN { for (n = 0; n < 65; n++) printf "%d,R,0,4096,%d\n", n, n }' >"$scratch/65.csv"
run check configs/tenants.yaml --set "vms[0].workload.file=$scratch/65.csv"
expect 3
err 'vms[0].count: the trace has 65 devices, there are at most 64 VMs'

# Recorded gaps are no work of the host's: 80 requests in a second cost it no milliseconds each.
run run configs/tenants.yaml --trace traces/samples/msr.csv.gz --schemes host --out "$scratch/idle"
expect 0
cpu_us=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "host_cpu_us_per_request") column = i } $2 == "block" && $3 == "all" && $4 == "all" { print $column }' "$scratch/idle/summary.csv")
case $cpu_us in
[1-9].*) ;;
*) bad "a request costs $cpu_us us of the host's cores" ;;
esac
out 'VM 1 replays device smp_1'

# What moves a request is said, in the line that says what the VM replays.
run run configs/tenants.yaml --set 'vms[0].disk.bytes=100 MiB' --schemes nesc --out "$scratch/wrapped"
expect 0
out 'VM 1 replays device 7; '
out 'requests lie beyond its disk of 100 MiB'
run run configs/tenants.yaml --set 'vms[0].disk.bytes=100 MiB' --set 'vms[0].workload.address=scale' --schemes nesc --out "$scratch/scaled"
expect 0
out 'are scaled to its disk of 100 MiB'

# Both placements, several schemes and laps read the same requests.
run run configs/tenants.yaml --set 'vms[0].workload.loop=3' --set sim.placement=per_unit --out "$scratch/per_unit"
expect 0
run run configs/tenants.yaml --set 'vms[0].workload.loop=3' --out "$scratch/clustered"
expect 0
for file in summary stages units; do
	cmp "$scratch/per_unit/$file.csv" "$scratch/clustered/$file.csv" || bad "$file.csv depends on the placement"
done
awk -F, '$2 == "block" && $3 == "2" && $4 == "all" && $5 != 192' "$scratch/clustered/summary.csv" | grep -q . && bad 'laps are missing'

# What is left out of a binary trace is counted by its records: a READ, and an INQUIRY.
{
	printf '\0\0\0\0\0\002\0\0\0\0\0\0\050\0\0\001\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0'
	printf '\1\0\0\0\0\002\0\0\0\0\0\0\022\0\0\001\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0'
} >"$scratch/skipped.vscsi"
run run configs/vc707.yaml --schemes nesc --out "$scratch/skipped" --trace "$scratch/skipped.vscsi"
expect 0
out '1 record of commands that neither read, write nor flush left out, the first at record 2'

# 200,000 devices in two files are named once each, and told apart in no time.
awk -v to="$scratch/many" 'BEGIN {
	for (file = 1; file <= 2; file++) {
		name = to file ".csv"
		print "time_us,op,offset_bytes,size_bytes,device" >name
		for (n = 0; n < 100000; n++)
			printf "%d,read,%d,512,dev%d\n", n, n % 1000 * 512, n + file * 100000 >name
	}
}'
tool_itself=$tool
tool=timeout
run 30 "$tool_itself" check configs/tenants.yaml --set "vms[0].workload.file=$scratch/many?.csv" \
	--set 'vms[0].count=1' --set 'vms[0].workload.map=fold'
expect 0
tool=$tool_itself
finish
