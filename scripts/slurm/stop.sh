#!/usr/bin/env bash
# Ends what start.sh began: all jobs, then the daemons. The folder stays, with its logs, but for what makes it a cluster.
#
# usage: scripts/slurm/stop.sh FOLDER
set -uo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. scripts/slurm/cluster.sh

[ $# -eq 1 ] || die "usage: stop.sh FOLDER"
base=${1%/}
[ -d "$base/pid" ] || die "no cluster in $base"
export SLURM_CONF=$base/slurm.conf

# shellcheck disable=SC2317 # by wait_until
queue_is_empty() {
	[ -z "$(squeue -h -o %i 2>/dev/null)" ]
}

# A task does not end with its slurmd.
if is_daemon "$(cat "$base/pid/slurmctld.pid" 2>/dev/null)" slurmctld; then
	timeout 10 scancel --user="$(id -un)" 2>/dev/null
	wait_until 5 queue_is_empty || timeout 10 scancel --signal=KILL --full --user="$(id -un)" 2>/dev/null
fi
kill_daemons "$base" slurmd-n1 slurmd-n2 slurmctld munged
# Helpers of daemons that were killed: a slurmstepd knows its folder by its command line or its environment.
for process in $(pgrep -x slurmstepd); do
	if { tr '\0' '\n' <"/proc/$process/environ"; } 2>/dev/null | grep -qxF "SLURM_CONF=$base/slurm.conf"; then
		kill -KILL "$process" 2>/dev/null
	fi
done
rm -f "$base/slurm.conf"
exit 0
