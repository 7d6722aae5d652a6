#!/usr/bin/env bash
# test_slurm.sh TOOL QUESTION: `nescsim sweep --executor slurm` on a real Slurm of two nodes, which this starts and stops (scripts/slurm). The
# questions are the functions below. Exits with 77 (skipped) where Slurm is not installed. In the root of the tree.
set -u
tool=$(realpath "${1:?usage: test_slurm.sh TOOL QUESTION}") question=${2:?a question}
for program in slurmctld slurmd squeue munged; do
	command -v "$program" >/dev/null || {
		echo "Slurm is not installed: there is no $program"
		exit 77
	}
done
scratch=$(mktemp -d) || exit 2
chmod 755 "$scratch" # munge wants it
root=$PWD
as=() # who runs all of this
failures=0

end() {
	[ -z "${driver-}" ] || kill -KILL "$driver" 2>/dev/null
	[ ! -e "$scratch/slurm/pid" ] || "${as[@]}" "$root/scripts/slurm/stop.sh" "$scratch/slurm"
	rm -rf "$scratch"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

bad() {
	printf '%s: %s\n' "$question" "$*"
	failures=$((failures + 1))
}

start() {
	"${as[@]}" "$root/scripts/slurm/start.sh" "$scratch/slurm" >"$scratch/started" || {
		echo "no cluster:" && tail -n 20 "$scratch"/slurm/log/*.log
		exit 1
	}
	export SLURM_CONF=$scratch/slurm/slurm.conf
}

# until_true SECONDS WHAT COMMAND...
until_true() {
	local left=$(($1 * 10)) what=$2
	shift 2
	until "$@"; do
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			bad "never happened: $what"
			return 1
		fi
		sleep 0.1
	done
}

same() {
	diff -r "$scratch/here" "$scratch/there" >"$scratch/diff" || bad "other results: $(head -n 20 "$scratch/diff")"
}
queue_is_empty() {
	[ -z "$(squeue -h -o %i)" ]
}
num_points() {
	find "$scratch/there/points" -maxdepth 2 -name result.json 2>/dev/null | wc -l
}
has_points() {
	[ "$(num_points)" -ge "$1" ]
}

environment_of() {
	{ tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null
}
# Processes of tasks on a node of this cluster.
processes_on() {
	local process
	for process in $(pgrep -x nescsim); do
		if [ "$(environment_of "$process" | grep -cxF -e "SLURM_CONF=$SLURM_CONF" -e "SLURMD_NODENAME=$1")" -eq 2 ]; then
			echo "$process"
		fi
	done
}
runs_on() {
	[ -n "$(processes_on "$1")" ]
}
parent_of() {
	sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null
}

short=(sweep configs/dd.yaml --schemes nesc --set 'vms[0].workload.count=300' --param 'nesc.btlb.entries=1..12'
	--param 'zip:nesc.walker.count=1,2;sim.warmup=10,20' --quiet)
# Makes $long, a sweep of twelve points that take about a second each, and runs it here.
run_long() {
	local begin took_ms
	begin=$(date +%s%N)
	"$tool" run configs/dd.yaml --schemes nesc --set 'vms[0].workload.count=20000' --out "$scratch/one" --quiet
	took_ms=$((($(date +%s%N) - begin) / 1000000))
	long=(sweep configs/dd.yaml --schemes nesc --set "vms[0].workload.count=$((20000 * 1000 / took_ms))" --param 'nesc.btlb.entries=1..12' --quiet)
	"$tool" "${long[@]}" --out "$scratch/here" || bad "does not run here"
}

# by_slurm WORDS: in the background, its number in $driver.
by_slurm() {
	env --default-signal "$tool" "$@" --executor slurm --out "$scratch/there" >"$scratch/out" 2>"$scratch/err" &
	driver=$!
}
# ended CODE: waits for it.
ended() {
	wait "$driver"
	code=$?
	driver=
	[ "$code" -eq "$1" ] || bad "exit code $code instead of $1: $(cat "$scratch/err")"
}

# The same bytes as the local pool, in all files.
same_results() {
	start
	"$tool" "${short[@]}" --repeat 2 --out "$scratch/here" || bad "does not run here"
	by_slurm "${short[@]}" --repeat 2 --tasks 5 --jobs 2
	ended 0
	[ ! -s "$scratch/err" ] || bad "it said: $(cat "$scratch/err")"
	same
	until_true 10 'an empty queue' queue_is_empty
}

# Points that fail by themselves are told, and are tried once.
failing_points() {
	local words=(sweep configs/dd.yaml --schemes host --set vms[0].workload.count=200 --param 'vms[0].workload.op=read,write'
		--set 'vms[0].disk={bytes: 512 MiB, map: {kind: fragmented, hole_percent: 50}}' --quiet)
	start
	"$tool" "${words[@]}" --out "$scratch/here" 2>/dev/null
	by_slurm "${words[@]}"
	ended 1
	grep -q 'points/0002.log: error: point 2 (vms\[0\].workload.op=write) failed: host: ' "$scratch/err" || bad "$(cat "$scratch/err")"
	cmp "$scratch/here/sweep.csv" "$scratch/there/sweep.csv" || bad "another table"
	[ "$(ls "$scratch/there/slurm")" = "$(printf '1\nid')" ] || bad "they were tried again: $(ls "$scratch/there/slurm")"
}

# A task's process is killed, and another task is cancelled: their points come in the next round.
killed_task() {
	start
	run_long
	by_slurm "${long[@]}" --tasks 6
	until_true 20 'a task on n1' runs_on n1
	until_true 20 'a task on n2' runs_on n2
	# shellcheck disable=SC2046 # several words
	kill -KILL $(processes_on n1) || bad "nothing to kill"
	scancel "$(squeue -h -t R -w n2 -o %i | head -n 1)" || bad "nothing to cancel"
	ended 0
	same
	until_true 10 'an empty queue' queue_is_empty
}

# A node dies, with all that runs on it.
lost_node() {
	local process doomed=() steps=()
	start
	run_long
	by_slurm "${long[@]}" --tasks 6
	until_true 20 'a task on n2' runs_on n2
	for process in $(processes_on n2); do
		doomed+=("$process")
		[ "$(cat "/proc/$(parent_of "$process")/comm" 2>/dev/null)" != slurmstepd ] || steps+=("$(parent_of "$process")")
	done
	kill -KILL "$(cat "$scratch/slurm/pid/slurmd-n2.pid")" || bad "no slurmd"
	kill -KILL "${steps[@]}" || bad "no slurmstepd"
	kill -KILL "${doomed[@]}" 2>/dev/null
	ended 0
	same
	[ "$(sinfo -h -N -n n2 -o %T)" != idle ] || bad "the node is not lost"
}

# The controller dies, does not answer for a while, and comes back. It may have forgotten its last seconds, give numbers of jobs a
# second time, and take its nodes out of service for that, which an administrator has to undo.
lost_controller() {
	start
	run_long
	by_slurm "${long[@]}" --tasks 6
	until_true 60 'two points' has_points 2
	kill -KILL "$(cat "$scratch/slurm/pid/slurmctld.pid")" || bad "no slurmctld"
	sleep 3
	kill -0 "$driver" || bad "it did not wait"
	slurmctld || bad "slurmctld does not come back"
	while kill -0 "$driver" 2>/dev/null; do
		scontrol update 'nodename=n[1-2]' state=resume 2>/dev/null
		sleep 2
	done
	ended 0
	same
	until_true 30 'an empty queue' queue_is_empty
}

# Ctrl-C: within two seconds, nothing is left in the queue, no finished point is lost.
interrupted() {
	local begin took_ms num
	start
	run_long
	by_slurm "${long[@]}" --tasks 6
	until_true 60 'three points' has_points 3
	begin=$(date +%s%N)
	kill -INT "$driver"
	ended 1
	took_ms=$((($(date +%s%N) - begin) / 1000000))
	[ "$took_ms" -lt 2000 ] || bad "ended after $took_ms ms"
	grep -q 'interrupted.*--resume' "$scratch/err" || bad "$(cat "$scratch/err")"
	until_true 10 'an empty queue' queue_is_empty
	[ ! -e "$scratch/there/sweep.csv" ] || bad "a table of a part"
	num=$(num_points)
	[ "$num" -ge 3 ] || bad "points are lost"
	[ "$num" -lt 12 ] || bad "all points had run: nothing was interrupted"
	"$tool" "${long[@]}" --executor slurm --out "$scratch/there" --resume || bad "does not resume"
	same
}

# The driver is killed, more than once: the next one cancels what is left and goes on.
killed_driver() {
	local round
	start
	run_long
	for round in 1 2 3; do
		by_slurm "${long[@]}" --tasks 6 --resume
		if [ "$round" -eq 1 ]; then
			until_true 20 'a task' runs_on n1
		else
			sleep "$round.$((RANDOM % 10))"
		fi
		kill -KILL "$driver"
		wait "$driver" 2>/dev/null
		[ "$round" -ne 1 ] || ! queue_is_empty || bad "nothing was left in the queue"
	done
	by_slurm "${long[@]}" --tasks 6 --resume
	ended 0
	same
	[ "$(squeue -h -o %i | wc -l)" -eq 0 ] || until_true 10 'an empty queue' queue_is_empty
}

# Relative names, from a folder that is not the checkout.
elsewhere() {
	local words=(sweep mine.yaml --param 'nesc.btlb.entries=1,2,4' --quiet)
	start
	mkdir -p "$scratch/my work/traces"
	cd "$scratch/my work" || exit 1
	cp "$root"/configs/*.yaml .
	printf 'base: dd.yaml\nschemes: [nesc]\n' >mine.yaml
	"$tool" trace generate traces/my.csv rw=randread bs=4k size=16m number_ios=500 >/dev/null || bad "no trace"
	"$tool" "${words[@]}" --trace traces/my.csv --out ../here || bad "does not run here"
	"$tool" "${words[@]}" --trace traces/my.csv --out ../there --executor slurm || bad "does not run there"
	cd "$root" || exit 1
	same
}

# As somebody who is not root, the cluster too.
other_user() {
	[ "$(id -u)" -eq 0 ] || {
		echo "this needs root, to become somebody else"
		exit 77
	}
	as=(setpriv --reuid nobody --regid nogroup --clear-groups env "HOME=$scratch")
	chmod 1777 "$scratch"
	"${as[@]}" test -r configs/dd.yaml -a -x "$tool" || {
		echo "nobody may read this folder"
		exit 77
	}
	start
	"${as[@]}" "$tool" "${short[@]}" --out "$scratch/here" || bad "does not run here"
	"${as[@]}" "$tool" "${short[@]}" --executor slurm --out "$scratch/there" || bad "does not run there"
	same
}

"$question"
[ "$failures" -eq 0 ] || {
	tail -n 15 "$scratch"/there/slurm/*/log/*.txt 2>/dev/null
	printf '%d failures\n' "$failures"
	exit 1
}
