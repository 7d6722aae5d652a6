# shellcheck shell=sh
# Sourced by the tests of the tool: test_NAME.sh TOOL, in the root of the tree.
set -u
tool=${1:?usage: test_NAME.sh TOOL}
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
failures=0

bad() {
	printf '%s\n' "$*"
	failures=$((failures + 1))
}

# run WORDS: runs the tool; then $code, and stdout and stderr in $scratch/out and $scratch/err.
run() {
	last="nescsim $*"
	"$tool" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	code=$?
}

# expect CODE: the exit code, and that the right one of the two streams was written.
expect() {
	[ "$code" -eq "$1" ] || bad "$last: exit code $code instead of $1: $(cat "$scratch/err")"
	if [ "$1" -eq 0 ]; then
		[ ! -s "$scratch/err" ] || bad "$last: succeeds and still writes to stderr: $(cat "$scratch/err")"
	else
		[ -s "$scratch/err" ] || bad "$last: fails without a word on stderr"
		[ ! -s "$scratch/out" ] || bad "$last: fails and still writes to stdout: $(cat "$scratch/out")"
	fi
}

# out TEXT, err TEXT: the stream contains this text.
out() {
	grep -qF -e "$1" "$scratch/out" || bad "$last: stdout does not say '$1': $(cat "$scratch/out")"
}
err() {
	grep -qF -e "$1" "$scratch/err" || bad "$last: stderr does not say '$1': $(cat "$scratch/err")"
}

finish() {
	[ "$failures" -eq 0 ] || printf '%d failures\n' "$failures"
	exit $((failures != 0))
}
