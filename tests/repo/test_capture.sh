#!/bin/sh
# test_capture.sh DIR: scripts/capture without QEMU: what it refuses, and that it takes no trace from a guest that went wrong.
# Every tool that builds or runs a guest is a stub here.
set -u
capture=$(cd "${1:?usage: test_capture.sh DIR}" && pwd)/capture.sh || exit 2
guest=${capture%/*}/guest.sh
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
failures=0

bad() {
	printf '%s\n' "$*"
	failures=$((failures + 1))
}

# run WORDS: runs capture.sh; then $code, and what it said in $scratch/said.
run() {
	last="capture.sh $*"
	timeout 60 bash "$capture" "$@" >"$scratch/said" 2>&1 </dev/null
	code=$?
}

# expect CODE TEXT
expect() {
	[ "$code" -eq "$1" ] || bad "$last: exit code $code instead of $1: $(cat "$scratch/said")"
	grep -qF -e "$2" "$scratch/said" || bad "$last: does not say '$2': $(cat "$scratch/said")"
}

bash -n "$capture" || bad 'capture.sh is no bash script'
sh -n "$guest" || bad 'guest.sh is no shell script'
sh "$guest" >/dev/null 2>&1 && bad 'guest.sh runs without arguments'
for name in $(sh "$guest" list | cut -d ' ' -f 1); do
	for part in prepare run; do
		grep -q "^${part}_$name()" "$guest" || bad "workload $name has no ${part}_$name"
	done
	run --help
	expect 0 "  $name "
done

out=$scratch/out
run
expect 2 'workload'
run "$out"
expect 2 'workload'
run --work "$scratch/two words" "$out" postmark
expect 2 'no folder with blanks'
run "$out" postmark postmork
expect 2 "unknown workload 'postmork'"
run --fast "$out" postmark
expect 2 'unknown option --fast'
for value in 0 -1 1.5 two ''; do
	run --scale "$value" "$out" postmark
	expect 2 '--scale needs a number'
done
run --timeout
expect 2 '--timeout needs a value'
run --accel xen "$out" postmark
expect 2 "unknown accelerator 'xen'"
[ ! -e "$out" ] || bad 'a wrong command line makes the output folder'

# What is not in the PATH is named by its package, all at once. The script adds the folders of the system's own tools.
mkdir "$scratch/few"
for tool in bash sh dirname cat id uniq realpath; do
	ln -s "$(command -v $tool)" "$scratch/few/$tool"
done
last='capture.sh with few tools'
PATH=$scratch/few bash "$capture" --work "$scratch/work" "$out" postmark >"$scratch/said" 2>&1
code=$?
expect 1 'qemu-system-x86 mmdebstrap '
expect 1 'xz-utils blktrace'
[ "$(wc -l <"$scratch/said")" -eq 1 ] || bad "missing packages take more than a line: $(cat "$scratch/said")"
[ -z "$(ls -d "$out" "$scratch/work" 2>/dev/null)" ] || bad 'something is made although tools are missing'

# stub NAME: a tool of this name, with the script on stdin.
mkdir "$scratch/bin"
stub() {
	{ echo '#!/bin/sh' && cat; } >"$scratch/bin/$1"
	chmod +x "$scratch/bin/$1"
}
FAKE=$scratch/fake
export FAKE
PATH=$scratch/bin:$PATH
stub apt-get <<'EOT'
echo 'deb file:/nowhere some main'
EOT
stub mmdebstrap <<'EOT'
[ ! -e "$FAKE/no_guest" ] || { echo 'no such archive' >&2; exit 1; }
while [ $# -gt 2 ]; do shift; done
mkdir -p "$FAKE/tree/boot" && touch "$FAKE/tree/boot/vmlinuz-6" "$FAKE/tree/boot/initrd.img-6"
echo built >>"$FAKE/builds"
exec tar -cf "$1" -C "$FAKE/tree" ./boot
EOT
stub mke2fs </dev/null
stub newuidmap </dev/null
stub fakeroot <<'EOT'
shift
exec "$@"
EOT
stub qemu-system-x86_64 <<'EOT'
[ "$1" != --version ] || { echo 'QEMU 0'; exit; }
[ ! -e "$FAKE/hangs" ] || { echo $$ >"$FAKE/pid"; exec sleep 30; }
[ ! -e "$FAKE/qemu_fails" ] || exit 1
EOT
stub debugfs <<'EOT'
cp "$FAKE"/results/* "${2#rdump / }/"
EOT
stub blkparse <<'EOT'
cat "$FAKE/events"
EOT

# One read of 8 sectors, one write of 16, a flush that the guest also counts as a write, and one discard of 32.
plant() {
	rm -rf "$FAKE" "$out"
	mkdir -p "$FAKE/results"
	printf 'Q R 8\nD R 8\nC R 8\nQ FWS 0\nD FN 0\nC FN 0\nD WS 16\nR WS 16\nD WS 16\nC WS 16\nD DS 32\nC DS 32\n' >"$FAKE/events"
	echo '10 0 100 1 20 0 200 1 0 1 1 0 0 0 0 3 0' >"$FAKE/results/stat.before"
	echo '11 0 108 1 22 0 216 1 0 1 1 1 0 32 0 4 0' >"$FAKE/results/stat.after"
	echo 'Total: 12 events (dropped 0), 1 KiB data' >"$FAKE/results/blktrace.log"
	echo 'events' >"$FAKE/results/trace.blktrace.0"
	: >"$FAKE/results/trace.blktrace.1"
	echo ok >"$FAKE/results/status"
	echo 'kernel Linux 6' >"$FAKE/results/notes"
	echo 'words of the workload' >"$FAKE/results/log"
}

# refused TEXT: the guest as planted fails the capture, and nothing is left that looks like a trace.
refused() {
	run --work "$scratch/work" --timeout 1 "$out" postmark
	expect 1 "$1"
	[ -z "$(ls -A "$out")" ] || bad "$last ($1): leaves $(ls -A "$out")"
	[ -z "$(find "$scratch/work" -name 'run.*')" ] || bad "$last ($1): leaves its scratch folder"
}

plant
touch "$FAKE/no_guest"
refused 'no such archive'

plant
run --work "$scratch/work" "$out" postmark dd
expect 0 'guest reads 1 read_sectors 8 writes 2 written_sectors 16 flushes 1 discards 1 discarded_sectors 32'
[ "$(ls "$out")" = "$(printf '%s\n' dd.blktrace.0.xz dd.info postmark.blktrace.0.xz postmark.info)" ] \
	|| bad "wrong files: $(ls "$out")"
[ "$(xz -dc "$out/dd.blktrace.0.xz")" = events ] || bad 'the trace is not what the guest wrote'
grep -q '^kernel Linux 6' "$out/dd.info" || bad 'no kernel in dd.info'
[ "$(wc -l <"$FAKE/builds")" -eq 1 ] || bad 'the guest is built twice'

plant
echo 'failed (1): tracing postmark' >"$FAKE/results/status"
refused 'failed (1): tracing postmark'
plant
rm "$FAKE/results/status"
refused 'the guest crashed'
plant
touch "$FAKE/hangs"
refused 'did not end within 1 s'
plant
touch "$FAKE/qemu_fails"
refused 'QEMU failed'
plant
echo 'Total: 12 events (dropped 3), 1 KiB data' >"$FAKE/results/blktrace.log"
refused 'dropped events'
plant
: >"$FAKE/results/trace.blktrace.0"
refused 'trace is empty'
for event in 'D R 8' 'D WS 16' 'D FN 0' 'D DS 32' 'Q FWS 0' 'R WS 8'; do
	plant
	echo "$event" >>"$FAKE/events"
	refused 'do not agree'
done

# Interrupted while a guest runs, it ends at once, and so does QEMU.
plant
touch "$FAKE/hangs"
last='capture.sh, interrupted'
bash "$capture" --work "$scratch/work" "$out" postmark >"$scratch/said" 2>&1 </dev/null &
tries=0
until [ -s "$FAKE/pid" ] || [ $tries -eq 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
began=$(date +%s)
kill -TERM $!
wait $!
code=$?
expect 130 'Running postmark'
[ $(($(date +%s) - began)) -lt 15 ] || bad "$last: ends only with the guest"
kill -0 "$(cat "$FAKE/pid")" 2>/dev/null && bad "$last: QEMU still runs"
[ -z "$(ls -A "$out")" ] || bad "$last: leaves $(ls -A "$out")"
[ -z "$(find "$scratch/work" -name 'run.*')" ] || bad "$last: leaves its scratch folder"

[ "$failures" -eq 0 ] || printf '%d failures\n' "$failures"
exit $((failures != 0))
