# shellcheck shell=bash
# What start.sh and stop.sh share.

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# wait_until SECONDS COMMAND...: until it succeeds; fails when it does not in time.
wait_until() {
	local left=$(($1 * 10))
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 0.1
	done
}

nodes_are_idle() {
	[ "$(sinfo -h -N -o %T 2>/dev/null | sort -u)" = idle ]
}

# kill_daemons FOLDER NAME...: those whose numbers are in FOLDER/pid, and which still are what they were.
kill_daemons() {
	local base=$1 name process
	shift
	for name in "$@"; do
		process=$(cat "$base/pid/$name.pid" 2>/dev/null) || continue
		is_daemon "$process" "${name%-n*}" || continue
		kill "$process" 2>/dev/null || true
		wait_until 10 is_gone "$process" "${name%-n*}" || kill -KILL "$process" 2>/dev/null || true
		rm -f "$base/pid/$name.pid"
	done
}

is_daemon() {
	[ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]
}

is_gone() {
	! is_daemon "$1" "$2" || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}
