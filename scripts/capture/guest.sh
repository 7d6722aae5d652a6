#!/bin/sh
# The guest's side of capture.sh. Three uses:
#   guest.sh list          prints the workloads: name, MiB of memory, what it is
#   guest.sh init          prints the program that the guest starts first; it runs this file from the results disk
#   guest.sh run NAME N    in the guest: prepares workload NAME on a fresh filesystem, traces it, powers the guest off
#
# A workload is a line of `workloads` and the functions prepare_NAME (not traced) and run_NAME (traced). Its counts are the
# shipped traces', divided by N.
set -eu

# The kernel names virtio disks in the order of their PCI slots; `serial` tells whether it did.
disk=vdb
results=/mnt
files=/srv
step=boot

workloads() {
	cat <<'EOT'
dd        128  direct writes, then reads, of an allocated file: 512 B to 128 KiB, 256 KiB, 1 MiB
fio_qd32  256  fio: random direct reads (70 %) and writes of 4 KiB, 32 outstanding
sb_rndrd  128  sysbench fileio: random reads of 16 KiB
sb_rndwr  128  sysbench fileio: random writes of 16 KiB
sb_rndrw  128  sysbench fileio: random reads and writes of 16 KiB
postmark  128  PostMark: the small files of a mail server
oltp_ro   256  sysbench oltp_read_only on MariaDB
oltp_rw   256  sysbench oltp_read_write on MariaDB
EOT
}

first_process() {
	cat <<'EOT'
#!/bin/sh
# Copied, so that the results disk can be unmounted.
mount /dev/vdc /mnt && cp /mnt/guest.sh /run/guest.sh && exec sh /run/guest.sh run $(cat /mnt/job)
EOT
}

say() {
	step=$*
	printf 'capture: %s\n' "$*"
}

# note WORDS: a line of the capture's .info.
note() {
	printf '%s\n' "$*" >>$results/notes
}

# Runs a command that shapes the trace, and notes it.
noted() {
	note "command $*"
	"$@"
}

# scaled COUNT: prints COUNT divided by the scale, at least 1.
scaled() {
	echo $((($1 + scale - 1) / scale))
}

prepare_dd() {
	dd if=/dev/zero of=file bs=1M count="$(scaled 200)" conv=fsync
}

run_dd() {
	for bytes in 512 1024 2048 4096 8192 16384 32768 65536 131072 262144 1048576; do
		count=$(scaled 500)
		[ $bytes -lt 262144 ] || count=$(scaled 200)
		noted dd if=/dev/zero of=file bs=$bytes count="$count" oflag=direct conv=notrunc
		noted dd if=file of=/dev/null bs=$bytes count="$count" iflag=direct
	done
}

prepare_fio_qd32() {
	noted dd if=/dev/zero of=file bs=1M count=256 conv=fsync
}

run_fio_qd32() {
	noted fio --name=capture --filename=file --size=256M --direct=1 --ioengine=libaio --iodepth=32 --rw=randrw \
		--rwmixread=70 --bs=4k --number_ios="$(scaled 4000)" --randseed=1
}

# fileio MODE EVENTS prepare|run: --time=0 is no limit of time.
fileio() {
	noted sysbench fileio --file-num=64 --file-total-size=512M --file-block-size=16K --file-test-mode="$1" \
		--events="$2" --time=0 --rand-seed=1 "$3"
}

prepare_sb_rndrd() { fileio rndrd "$(scaled 6000)" prepare; }
run_sb_rndrd() { fileio rndrd "$(scaled 6000)" run; }
prepare_sb_rndwr() { fileio rndwr "$(scaled 6000)" prepare; }
run_sb_rndwr() { fileio rndwr "$(scaled 6000)" run; }
prepare_sb_rndrw() { fileio rndrw "$(scaled 6000)" prepare; }
run_sb_rndrw() { fileio rndrw "$(scaled 6000)" run; }

prepare_postmark() {
	cat >/run/postmark.conf <<EOT
set location $files
set number $(scaled 12000)
set transactions $(scaled 12000)
set size 500 16384
set subdirectories 50
run
quit
EOT
	while read -r line; do note "postmark $line"; done </run/postmark.conf
}

run_postmark() {
	# PostMark exits with 0 whatever happens; it prints its rates only after a whole run.
	postmark /run/postmark.conf >/run/postmark.out
	cat /run/postmark.out
	grep -q 'Deletion' /run/postmark.out && ! grep -qi 'error' /run/postmark.out
}

database_start() {
	noted mariadbd --no-defaults --user=mysql --datadir=$files/mysql --socket=/run/mysqld/mysqld.sock --skip-networking \
		--innodb-buffer-pool-size=24M --innodb-buffer-pool-load-at-startup=OFF --innodb-flush-method=O_DIRECT \
		--innodb-doublewrite=ON --innodb-flush-log-at-trx-commit=1 >$results/mariadbd.log 2>&1 &
	database=$!
	until mariadb-admin --no-defaults --socket=/run/mysqld/mysqld.sock ping >/dev/null 2>&1; do
		kill -0 $database || return 1
		sleep 1
	done
}

# database_sysbench SCRIPT TRANSACTIONS prepare|run
database_sysbench() {
	noted sysbench "$1" --db-driver=mysql --mysql-socket=/run/mysqld/mysqld.sock --mysql-user=root \
		--mysql-db=test --tables=4 --table-size="$(scaled 60000)" --threads=4 --events="$2" --time=0 \
		--rand-type=uniform --rand-seed=1 "$3"
}

database_prepare() {
	mkdir -p /run/mysqld
	chown mysql /run/mysqld
	cp -a /var/lib/mysql $files/mysql
	database_start
	mariadb --no-defaults --socket=/run/mysqld/mysqld.sock -e 'CREATE DATABASE IF NOT EXISTS test'
	database_sysbench "$@" prepare
	# Started again, so that the trace begins with an empty buffer pool and no page left to write.
	mariadb-admin --no-defaults --socket=/run/mysqld/mysqld.sock shutdown
	wait $database
	database_start
}

prepare_oltp_ro() { database_prepare oltp_read_only "$(scaled 400)"; }
run_oltp_ro() { database_sysbench oltp_read_only "$(scaled 400)" run; }
prepare_oltp_rw() { database_prepare oltp_read_write "$(scaled 800)"; }
run_oltp_rw() { database_sysbench oltp_read_write "$(scaled 800)" run; }

# settle FILE: waits until the disk is asked nothing any more, and leaves its counters in FILE. What was deleted is
# discarded some time after the commit; ext4's own thread reads the block groups some seconds after the mount.
settle() {
	sync
	cat /sys/block/$disk/stat >"$1"
	until sleep 2 && cat /sys/block/$disk/stat >/run/stat && cmp -s /run/stat "$1" && ! pgrep -x ext4lazyinit; do
		cp /run/stat "$1"
	done
}

# The last words of the guest, whatever became of the workload. Without `ok` in the status, capture.sh takes nothing.
finish() {
	code=$?
	trap - EXIT
	set +e
	if [ $code -eq 0 ]; then
		status=ok
	else
		status="failed ($code): $step"
	fi
	printf '%s\n' "$status" >$results/status
	printf 'capture: %s\n' "$status"
	cp /run/log $results/log
	pkill mariadbd
	cd /
	sync
	umount $results || mount -o remount,ro $results
	echo o >/proc/sysrq-trigger
	sleep 60
}

trace_workload() {
	name=$1
	scale=$2
	trap finish EXIT
	[ "$(cat /sys/block/$disk/serial)" = work ] || {
		say "$disk is not the work disk"
		exit 1
	}
	mount -t debugfs debugfs /sys/kernel/debug
	mkdir -p /tmp /dev/shm
	mount -t tmpfs tmpfs /dev/shm

	say "kernel $(uname -r): a filesystem for $name"
	note "kernel $(uname -srv)"
	# shellcheck disable=SC2016 # dpkg-query fills these in
	xargs dpkg-query -W -f 'package ${Package} ${Version}\n' <$results/packages >>$results/notes
	noted mkfs.ext4 -q -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 /dev/$disk
	noted mount -o discard /dev/$disk $files
	cd $files

	say "preparing $name"
	"prepare_$name" >>/run/log 2>&1
	settle /run/stat.prepared
	echo 3 >/proc/sys/vm/drop_caches
	# Counted from before tracing starts until nothing more is asked: a request that tracing missed shows.
	settle $results/stat.before

	say "tracing $name"
	blktrace -d /dev/$disk -D $results -o trace >$results/blktrace.log 2>&1 &
	tracer=$!
	until [ -e /sys/kernel/debug/block/$disk/trace0 ]; do
		kill -0 $tracer
		sleep 1
	done
	sleep 1 # blktrace makes its files a little before it starts
	"run_$name" >>/run/log 2>&1
	say "waiting for the last requests of $name"
	settle $results/stat.after
	kill -TERM $tracer
	wait $tracer

	say "done with $name"
}

case ${1-} in
list) workloads ;;
init) first_process ;;
run)
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	HOME=/tmp
	export PATH HOME
	trace_workload "$2" "$3"
	;;
*)
	echo "usage: guest.sh list | init | run NAME N" >&2
	exit 2
	;;
esac
