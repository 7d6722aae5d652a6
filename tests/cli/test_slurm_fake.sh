#!/bin/sh
# `nescsim sweep --executor slurm` against a Slurm that is a few scripts (tests/cli/slurm_fake): the same results as here, whatever it does to
# the tasks; and what the user is told. tests/slurm has the same questions for a real one.
. tests/cli/cli.sh
FAKE=$scratch/fake
mkdir -p "$FAKE/jobs"
PATH=$PWD/tests/cli/slurm_fake:$PATH
export FAKE PATH
end_tasks() {
	cat "$FAKE"/jobs/*/group 2>/dev/null | while read -r group; do
		kill -KILL "-$group" 2>/dev/null
	done
}
trap 'end_tasks; rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM HUP

sweep='sweep configs/dd.yaml --schemes nesc --set vms[0].workload.count=300 --param nesc.btlb.entries=1..4 --param zip:nesc.walker.count=1,2;sim.warmup=10,20'
# shellcheck disable=SC2086
run $sweep --out "$scratch/here"
expect 0

# fresh: a Slurm that has seen nothing.
fresh() {
	end_tasks
	rm -rf "$FAKE" "$scratch/there"
	mkdir -p "$FAKE/jobs"
}
# there WORDS: the same sweep, by Slurm.
there() {
	# shellcheck disable=SC2086
	run $sweep --executor slurm --out "$scratch/there" "$@"
}
same() {
	diff -r "$scratch/here" "$scratch/there" >"$scratch/diff" || bad "$1: other results: $(head -n 20 "$scratch/diff")"
}
submissions() {
	num=$(wc -l <"$FAKE/submissions")
	[ "$num" -eq "$1" ] || bad "$2: $num submissions instead of $1"
}

# ---- points by hand

# Any scheduler can run parts, in any order and the same one twice; --resume makes the table.
cat >"$scratch/quoted.yaml" <<EOT
base: $PWD/configs/dd.yaml
schemes: [nesc]
EOT
for points in 5-8 1,3 2,3,4 2,3,4 1-8; do
	# shellcheck disable=SC2086
	"$tool" $sweep --out "$scratch/parts" --points "$points" --quiet >"$scratch/out.$points" 2>&1 &
done
wait
cat "$scratch"/out.* >"$scratch/err"
[ ! -s "$scratch/err" ] || bad "parts at the same time: $(cat "$scratch/err")"
[ ! -e "$scratch/parts/sweep.csv" ] || bad "a part makes a table"
# shellcheck disable=SC2086
run $sweep --out "$scratch/parts" --points 3-5
expect 0
out '3 points: 0 run, 3 kept'
# shellcheck disable=SC2086
run $sweep --out "$scratch/parts" --resume
expect 0
out '8 points: 0 run, 8 kept'
diff -r "$scratch/here" "$scratch/parts" >"$scratch/diff" || bad "parts: $(head -n 20 "$scratch/diff")"
for points in '' ',' '1,' x 3- -3 5-3 0 9 8-9 1-2-3 1.5 99999999999999999999; do
	# shellcheck disable=SC2086
	run $sweep --out "$scratch/none" --points "$points"
	expect 2
	err '--points: error'
done
err 'numbered from 1 to 8' # also said of what overflows
# shellcheck disable=SC2086
run $sweep --set vms[0].workload.depth=2 --param sim.seed=1,2 --out "$scratch/parts" --points 1
expect 2
err 'a sweep of other parameters'
# shellcheck disable=SC2086
run $sweep --out "$scratch/none" --points 1 --executor slurm
expect 2
[ ! -e "$scratch/none" ] || bad "a wrong list left a folder"

# ---- as it should be

SQUEUE_PARTITION=long SBATCH_WAIT=1
export SQUEUE_PARTITION SBATCH_WAIT # would hide our tasks, or make sbatch wait
there --sbatch --partition=long --sbatch --time=10 --tasks 3 --jobs 2
unset SQUEUE_PARTITION SBATCH_WAIT
expect 0
out '8 points: 8 run'
same 'a plain sweep'
submissions 1 'a plain sweep'
for word in --parsable --array=0-2 --cpus-per-task=2 --partition=long --time=10 --requeue --export=ALL --chdir=; do
	grep -qF -e "$word" "$FAKE/submissions" || bad "sbatch is not told $word: $(cat "$FAKE/submissions")"
done

# Whatever is in the words, the tasks get it. (No value here changes anything.)
fresh
# shellcheck disable=SC2016
odd=$scratch/'it'"'"'s $HOME "a" %a'
mkdir "$odd"
cp "$scratch/quoted.yaml" "$odd/-dd.yaml"
set -- --set 'vms[0].workload={kind: dd, count: 300, op: "read"}' --param 'nesc.btlb.entries=1,"2"' --repeat 2 --seed 3
(cd "$odd" && "$tool" sweep "$@" --out here --quiet -- -dd.yaml && "$tool" sweep "$@" --executor slurm --out there --quiet -- -dd.yaml) \
	>"$scratch/err" 2>&1 || bad "odd words: $(cat "$scratch/err")"
diff -r "$odd/here" "$odd/there" >"$scratch/diff" || bad "odd words: $(head -n 20 "$scratch/diff")"

# ---- misbehaving

# Tasks that are said to be over and never ran; one that is killed; the same one twice at once; tasks that cannot be started.
for what in nothing kill twice broken; do
	fresh
	: >"$FAKE/$what"
	there --tasks 4
	expect 0
	same "$what"
	[ -e "$FAKE/$what.done" ] || bad "$what has not happened"
	case $what in
	twice)
		submissions 1 twice
		[ "$(cat "$FAKE/second")" = 'second run: 0' ] || bad "the second run: $(cat "$FAKE/second")"
		;;
	kill) ;; # may have come too late to matter
	*) submissions 2 "$what" ;;
	esac
done

# Nothing ever runs: an end, with what the tasks said.
fresh
# shellcheck disable=SC2016
printf '#!/bin/sh\nfor job in "$FAKE"/jobs/*; do rm -rf "$job"/queue; done\nexec %s/squeue "$@"\n' "$PWD/tests/cli/slurm_fake" >"$scratch/squeue"
: >"$FAKE/wait"
mkdir "$scratch/bin" && mv "$scratch/squeue" "$scratch/bin/squeue" && chmod +x "$scratch/bin/squeue"
PATH=$scratch/bin:$PATH there --rounds 2
expect 1
submissions 2 'tasks that never run'
err 'after 2 arrays of tasks 8 points have neither a result nor a reason why not'
err 'point 8 (nesc.btlb.entries=4, nesc.walker.count=2, sim.warmup=20) failed: '
rm "$FAKE/wait"

# Slurm does not answer for a while.
fresh
there --tasks 2 --quiet
fresh
(
	while [ ! -s "$FAKE/submissions" ]; do sleep 0.02; done
	echo 2 >"$FAKE/silent"
) &
there --tasks 2
wait
expect 0
same 'no answer for a while'
[ "$(cat "$FAKE/silent")" -lt 2 ] || bad "Slurm was always heard"

# Held: the user is told, and it is waited for.
fresh
: >"$FAKE/hold"
there --tasks 2
[ "$code" -eq 0 ] || bad "held tasks: exit code $code"
err 'slurm: 2 tasks of job 1 wait: JobHeldUser'
same 'held tasks'
submissions 1 'held tasks'

# A point that says why it fails is not tried again; the others are there.
fresh
run sweep configs/dd.yaml --schemes host --set vms[0].workload.count=200 --param vms[0].workload.op=read,write --executor slurm \
	--set 'vms[0].disk={bytes: 512 MiB, map: {kind: fragmented, hole_percent: 50}}' --param nesc.btlb.entries=4,8 --out "$scratch/there"
expect 1
submissions 1 'points that fail'
err 'point 3 (vms[0].workload.op=write, nesc.btlb.entries=4) failed: host: '
[ "$(sed 1d "$scratch/there/sweep.csv" | cut -d, -f1,2 | uniq | tr '\n' ' ')" = 'read,4 read,8 ' ] || bad "the table lacks the others"
[ -s "$scratch/there/slurm/1/task.sh" ] || bad "the tasks of a sweep that failed are gone"

# Refused, not there, not to be contacted.
fresh
: >"$FAKE/refuse"
there
expect 1
err 'Slurm does not take the tasks: sbatch: error: invalid partition specified: nowhere'
fresh
echo 9 >"$FAKE/silent"
there
expect 1
err 'Slurm does not answer: slurm_load_jobs error: Unable to contact slurm controller'
[ ! -e "$scratch/there" ] || bad "a sweep without an answer left a folder"
PATH=/nowhere there
expect 2
err "there is no Slurm here: no program 'sbatch'"
[ ! -e "$scratch/there" ] || bad "a sweep without Slurm left a folder"
for words in '--sbatch partition=long' '--sbatch --wait' '--sbatch --wrap=x' '--tasks 0' '--rounds 0'; do
	# shellcheck disable=SC2086
	there $words
	expect 2
done
# shellcheck disable=SC2086
run $sweep --out "$scratch/none" --tasks 3
expect 2
err "the executor 'local' has no tasks"

# ---- stopped

long="sweep configs/dd.yaml --schemes nesc --param zip:vms[0].workload.count=1,100000000;nesc.btlb.entries=1,2 --executor slurm --out $scratch/there"
for signal in INT TERM; do
	fresh
	# Who runs the tests in the background ignores SIGINT.
	# shellcheck disable=SC2086
	env --default-signal "$tool" $long >"$scratch/out" 2>"$scratch/err" &
	process=$!
	while [ ! -e "$scratch/there/points/0001/result.json" ] || [ ! -e "$scratch/there/points/0002.log" ]; do sleep 0.05; done
	begin=$(date +%s%N)
	kill -s "$signal" "$process"
	kill -s "$signal" "$process" # an impatient user's tasks are cancelled, too
	wait "$process"
	code=$?
	took_ms=$((($(date +%s%N) - begin) / 1000000))
	[ "$code" -eq 1 ] || bad "SIG$signal: exit code $code: $(cat "$scratch/err")"
	[ "$took_ms" -lt 1500 ] || bad "SIG$signal: ended after $took_ms ms"
	grep -q 'interrupted.*--resume' "$scratch/err" || bad "SIG$signal: $(cat "$scratch/err")"
	grep -q 'warning: 1 of 2 points are done' "$scratch/err" || bad "SIG$signal: $(cat "$scratch/err")"
	[ -s "$FAKE/cancellations" ] || bad "SIG$signal: nothing was cancelled"
	group=$(cat "$FAKE/jobs/1/group")
	if pgrep -g "$group" -r D,R,S,T >/dev/null && sleep 2 && pgrep -g "$group" -r D,R,S,T >/dev/null; then
		bad "SIG$signal: tasks run on"
	fi
	[ ! -e "$scratch/there/sweep.csv" ] || bad "SIG$signal: a table of a part"
done

# Killed: the next sweep in the folder cancels what the queue still has.
fresh
# shellcheck disable=SC2086
"$tool" $long >/dev/null 2>&1 &
process=$!
while [ ! -e "$scratch/there/points/0002.log" ]; do sleep 0.05; done
kill -9 "$process"
wait "$process" 2>/dev/null
[ ! -s "$FAKE/cancellations" ] || bad "cancelled too early"
there --resume
expect 0
out '8 points: 8 run'
[ "$(sort -u "$FAKE/cancellations")" = "$(cat "$FAKE/jobs/1/name")" ] || bad "the killed sweep's job was not cancelled"
same 'killed and resumed'

finish
