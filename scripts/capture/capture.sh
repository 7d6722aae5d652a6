#!/usr/bin/env bash
# capture.sh: records block traces of applications in a Debian guest under QEMU (traces/README.md). See --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
. "$here/../setup.sh"
PATH=$PATH:/usr/sbin:/sbin

# A program and the Debian package that has it.
tools=(qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap mke2fs:e2fsprogs debugfs:e2fsprogs xz:xz-utils
	blkparse:blktrace)
# An ordinary user needs these to be root in a container of his own, and to give root's files to root in an image.
[ "$(id -u)" -eq 0 ] || tools+=(newuidmap:uidmap fakeroot:fakeroot)
guest_packages=(linux-image-cloud-amd64 initramfs-tools kmod procps blktrace e2fsprogs
	fio postmark sysbench mariadb-server)

work=./capture-work accel=tcg scale=1 timeout_s=7200 disk_mib=1024 install=no keep=no

usage() {
	cat <<EOT
usage: capture.sh [options] OUT_DIR WORKLOAD...

Records what a workload asks of its disk: runs it in a Debian guest and writes NAME.blktrace.CPU.xz and NAME.info to OUT_DIR.

Workloads (and the guest's memory in MiB):
$(sh "$here/guest.sh" list | sed 's/^/  /')

Options:
  --work DIR       where the guest's image is built and kept, some 2 GB (default $work)
  --scale N        divide the workload's counts by N (default $scale: those of the shipped traces)
  --accel tcg|kvm  tcg: one guest instruction takes one nanosecond, the default; kvm: wall-clock time
  --timeout S      seconds that a guest may run (default $timeout_s)
  --keep           leave what a guest wrote in the work folder, also after a failure
  --install        install missing Debian packages
EOT
}

misuse() {
	printf '%s: %s (--help lists options and workloads)\n' "${0##*/}" "$*" >&2
	exit 2
}

# A value that is a whole number from 1.
positive() {
	[[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || misuse "$1 needs a number from 1, not '$2'"
}

while [ $# -gt 0 ]; do
	case $1 in
	--help)
		usage
		exit 0
		;;
	--install)
		install=yes
		shift
		;;
	--keep)
		keep=yes
		shift
		;;
	--work | --scale | --accel | --timeout)
		[ $# -ge 2 ] || misuse "$1 needs a value"
		case $1 in
		--work) work=$2 ;;
		--scale) positive "$1" "$2" && scale=$2 ;;
		--timeout) positive "$1" "$2" && timeout_s=$2 ;;
		--accel) accel=$2 ;;
		esac
		shift 2
		;;
	-*) misuse "unknown option $1" ;;
	*) break ;;
	esac
done
[ $# -ge 2 ] || misuse "an output folder and at least one workload are needed"
[ -n "$work" ] || misuse "--work needs a folder"
work=$(realpath -m "$work")
[[ $work != *[[:space:],]* ]] || misuse "mmdebstrap and QEMU take no folder with blanks or commas in its name: $work"
out_dir=$1
shift
case $accel in
tcg) machine=(-accel tcg -icount shift=0) ;;
kvm) machine=(-accel kvm -cpu host) ;;
*) misuse "unknown accelerator '$accel': tcg or kvm" ;;
esac

declare -A memory_mib
while read -r name mib _; do
	memory_mib[$name]=$mib
done < <(sh "$here/guest.sh" list)
for name; do
	[ -n "${memory_mib[$name]-}" ] || misuse "unknown workload '$name'"
done

mapfile -t missing < <(for tool in "${tools[@]}"; do
	command -v "${tool%%:*}" >/dev/null || printf '%s\n' "${tool#*:}"
done | uniq)
if [ "${#missing[@]}" -gt 0 ]; then
	[ "$install" = yes ] || die "these Debian packages are missing (--install installs them): ${missing[*]}"
	ensure_packages "${missing[@]}"
fi
[ "$accel" = tcg ] || [ -w /dev/kvm ] || die "/dev/kvm is not there, or not yours to use; try --accel tcg"

mkdir -p "$work" "$out_dir"
out_dir=$(cd "$out_dir" && pwd)
scratch=$(mktemp -d "$work/run.XXXXXX")
running=
clean() {
	if [ -n "$running" ]; then
		kill "$running" 2>/dev/null || true
		wait "$running" || true
	fi
	rm -rf "$out_dir/.capture.$$"
	if [ "$keep" = yes ]; then say "Kept: $scratch"; else rm -rf "$scratch"; fi
}
trap clean EXIT
trap 'exit 130' INT TERM

# interruptible COMMAND: bash acts on a signal at once while it waits for a job, but not during a command.
interruptible() {
	local code=0
	"$@" </dev/null &
	running=$!
	wait "$running" || code=$?
	running=
	return "$code"
}

# The lines of this machine's own apt sources that are Debian's.
debian_sources() {
	# shellcheck disable=SC2016 # apt-get fills these in
	apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
		--format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' | LC_ALL=C sort -u
}

# With owners as in the guest: an ordinary user's files are root's in the image.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else fakeroot -- "$@"; fi
}

# image_from_tar TAR IMAGE: an ext4 image with the files of the archive.
image_from_tar() {
	truncate -s 3G "$2"
	# shellcheck disable=SC2016 # expanded by the inner shell, which owns the files
	as_root sh -ec 'mkdir "$2.tree" && tar -xf "$1" -C "$2.tree" --exclude="./dev/*" &&
		mke2fs -qF -t ext4 -d "$2.tree" "$2" && rm -rf "$2.tree"' image_from_tar "$1" "$2"
}

# build_guest: sets $guest, a folder with root.ext4, kernel and initrd. It is built unless one that was built from the same
# packages in the same way is there.
build_guest() {
	local packages suite key build
	packages=$(IFS=, && printf '%s' "${guest_packages[*]}")
	suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME-}")
	key=$({ printf '%s\n' "$suite" "$packages" && declare -f build_guest image_from_tar && sh "$here/guest.sh" init; } | cksum)
	guest=$work/guest-$suite-${key%% *}
	[ ! -d "$guest" ] || return 0
	build=$scratch/guest
	mkdir "$build"
	debian_sources >"$build/sources.list"
	[ -s "$build/sources.list" ] || die "apt knows no Debian archive; please run apt-get update as root first"
	sh "$here/guest.sh" init >"$build/capture-init"
	chmod 755 "$build/capture-init"
	say "Building the guest $guest"
	# A small initrd: the disk, and the filesystem on it.
	# shellcheck disable=SC2016 # mmdebstrap gives the hook the guest's folder
	interruptible mmdebstrap --quiet --variant=minbase --include="$packages" \
		--setup-hook='cd "$1" && mkdir -p etc/initramfs-tools/conf.d usr/share/initramfs-tools/modules.d &&
			echo MODULES=list >etc/initramfs-tools/conf.d/capture &&
			printf "%s\n" virtio_pci virtio_blk ext4 >usr/share/initramfs-tools/modules.d/capture' \
		--customize-hook="copy-in $build/capture-init /" \
		"$suite" "$build/root.tar" "$build/sources.list" >"$build/log" 2>&1 || {
		cat "$build/log" >&2
		die "mmdebstrap could not build the guest"
	}
	tar -xf "$build/root.tar" -C "$build" --wildcards './boot/vmlinuz-*' './boot/initrd.img-*'
	mv "$build"/boot/vmlinuz-* "$build/kernel"
	mv "$build"/boot/initrd.img-* "$build/initrd"
	image_from_tar "$build/root.tar" "$build/root.ext4"
	rm -rf "$build/root.tar" "${build:?}/boot"
	mv "$build" "$guest"
}

# run_guest NAME: boots, and leaves what the guest wrote in $scratch/NAME.
run_guest() {
	local name=$1 dir=$scratch/$1 code=0
	mkdir "$dir" "$dir/in"
	cp "$here/guest.sh" "$dir/in/"
	printf '%s %s\n' "$name" "$scale" >"$dir/in/job"
	printf '%s\n' "${guest_packages[@]}" >"$dir/in/packages"
	truncate -s "${disk_mib}M" "$dir/work.img"
	# Without a journal, what debugfs reads is what was written.
	truncate -s 1G "$dir/results.img"
	mke2fs -qF -t ext4 -O ^has_journal -d "$dir/in" "$dir/results.img"
	interruptible timeout -k 10 "$timeout_s" qemu-system-x86_64 "${machine[@]}" -smp 1 -m "${memory_mib[$name]}" \
		-nodefaults -display none -serial "file:$dir/console" -no-reboot \
		-kernel "$guest/kernel" -initrd "$guest/initrd" \
		-append 'console=ttyS0 root=/dev/vda rw rootfstype=ext4 init=/capture-init panic=-1 oops=panic quiet' \
		-drive "if=none,id=root,format=raw,snapshot=on,file=$guest/root.ext4" -device virtio-blk-pci,drive=root \
		-drive "if=none,id=work,format=raw,cache=unsafe,discard=unmap,file=$dir/work.img" \
		-device virtio-blk-pci,drive=work,serial=work \
		-drive "if=none,id=results,format=raw,cache=unsafe,file=$dir/results.img" \
		-device virtio-blk-pci,drive=results,serial=results || code=$?
	mkdir "$dir/results"
	debugfs -R "rdump / $dir/results" "$dir/results.img" >/dev/null 2>&1 || true
	case $code in
	0) ;;
	124 | 137) guest_failed "$name" "the guest did not end within $timeout_s s" ;;
	*) guest_failed "$name" "QEMU failed with $code" ;;
	esac
	[ -s "$dir/results/status" ] || guest_failed "$name" "the guest crashed"
	[ "$(cat "$dir/results/status")" = ok ] || guest_failed "$name" "$(cat "$dir/results/status")"
}

# guest_failed NAME WHY: shows the last that the guest said, and ends.
guest_failed() {
	local file
	for file in console results/log results/mariadbd.log results/blktrace.log; do
		[ ! -s "$scratch/$1/$file" ] || tail -n 15 "$scratch/$1/$file" | sed "s|^|$file: |" >&2
	done
	die "$1: $2"
}

# counters NAME: prints what the guest's counters and what the trace say, a line each, and fails unless they agree.
# The guest counts a flush that brings no data as a write, too; in the trace it is one only where it is queued.
counters() {
	local dir=$scratch/$1/results
	{
		paste -d ' ' "$dir/stat.before" "$dir/stat.after"
		blkparse -q -D "$dir" -i trace -f '%a %d %n\n'
	} | awk '
		BEGIN {
			num = split("reads read_sectors writes written_sectors flushes discards discarded_sectors", name, " ")
			split("1 3 5 7 16 12 14", place, " ") # in the stat file
		}
		NR == 1 {
			for (i = 1; i <= num; i++)
				guest[i] = $(NF / 2 + place[i]) - $(place[i])
			next
		}
		$1 == "Q" && $2 ~ /^FW/ && $3 == 0 { trace[3]++ }
		$1 != "D" && $1 != "R" { next } # issued; put back into the queue, to be issued again
		{ sign = $1 == "D" ? 1 : -1 }
		$2 ~ /^R/ { trace[1] += sign; trace[2] += sign * $3 }
		$2 ~ /^W/ { trace[3] += sign; trace[4] += sign * $3 }
		$2 ~ /^FN/ { trace[5] += sign }
		$2 ~ /^D/ { trace[6] += sign; trace[7] += sign * $3 }
		END {
			line = "guest"
			for (i = 1; i <= num; i++)
				line = line sprintf(" %s %d", name[i], guest[i])
			print line
			line = "trace"
			for (i = 1; i <= num; i++) {
				line = line sprintf(" %s %d", name[i], trace[i])
				wrong = wrong || guest[i] != trace[i]
			}
			print line
			exit wrong
		}'
}

# take NAME: checks what the guest left and moves it to the output folder; NAME.info comes last.
take() {
	local name=$1 dir=$scratch/$1/results new=$out_dir/.capture.$$ file
	local -a traces
	grep -q '(dropped 0)' "$dir/blktrace.log" || {
		cat "$dir/blktrace.log" >&2
		die "$name: blktrace dropped events"
	}
	counters "$name" >"$dir/counters" || {
		cat "$dir/counters" >&2
		die "$name: the trace and the guest's counters do not agree"
	}
	mkdir "$new"
	for file in "$dir"/trace.blktrace.*; do
		[ ! -s "$file" ] || xz -c "$file" >"$new/$name.${file##*/trace.}.xz"
	done
	traces=("$new"/*.xz)
	[ -e "${traces[0]}" ] || die "$name: the trace is empty"
	{
		printf 'workload %s\nscale %s\naccel %s\nmemory_mib %s\ndisk_mib %s\n' "$name" "$scale" "${machine[*]}" \
			"${memory_mib[$name]}" "$disk_mib"
		qemu-system-x86_64 --version | sed -n '1s/^/qemu /p'
		cat "$dir/notes"
		sed -n 's/^ *Total: */blktrace /p' "$dir/blktrace.log"
		cat "$dir/counters"
		sed 's/^/log /' "$dir/log"
	} >"$new/$name.info"
	rm -f "$out_dir/$name.info" "$out_dir/$name".blktrace.*.xz
	mv "${traces[@]}" "$out_dir/"
	mv "$new/$name.info" "$out_dir/"
	rmdir "$new"
}

build_guest
for name; do
	say "Running $name in the guest"
	began=$SECONDS
	run_guest "$name"
	take "$name"
	[ "$keep" = yes ] || rm -rf "${scratch:?}/$name"
	say "$name: $((SECONDS - began)) s, $out_dir/$name.info"
	sed -n '/^blktrace /p; /^guest /p; /^trace /p' "$out_dir/$name.info"
done
