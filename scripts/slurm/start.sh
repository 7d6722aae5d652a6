#!/usr/bin/env bash
# A private Slurm on this machine alone: two nodes of two cores each, of which all is in one folder, with no file in /etc and no
# port open to others. For trying `nescsim sweep --executor slurm`, and for its tests. Any user can start one.
#
# usage: scripts/slurm/start.sh FOLDER      then: export SLURM_CONF=FOLDER/slurm.conf
#        scripts/slurm/stop.sh FOLDER
# Needs the Debian packages slurmctld slurmd slurm-client munge, and a FOLDER that everybody may enter (munge insists).
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/slurm/cluster.sh

[ $# -eq 1 ] || die "usage: start.sh FOLDER"
[[ $1 == /* ]] || die "FOLDER begins with a slash"
case $1 in *[!A-Za-z0-9/._-]*) die "Slurm's configuration has no room for such characters: $1" ;; esac
base=${1%/}
for program in munged slurmctld slurmd squeue; do
	command -v "$program" >/dev/null || die "there is no program $program"
done
[ ! -e "$base/slurm.conf" ] || die "$base is in use: stop.sh $base"

trap 'kill_daemons "$base" slurmd-n1 slurmd-n2 slurmctld munged; exit 1' INT TERM HUP
umask 022
mkdir -p "$base"/{munge,pid,log,state,spool}
chmod 755 "$base" "$base/munge"
host=$(hostname -s)
user=$(id -un)

(umask 077 && head -c 128 /dev/urandom >"$base/munge/key")
chmod 400 "$base/munge/key"
munged --key-file="$base/munge/key" --socket="$base/munge/sock" --pid-file="$base/pid/munged.pid" \
	--log-file="$base/log/munged.log" --seed-file="$base/munge/seed" --num-threads=2 ||
	die "munged does not start: $(tail -n 3 "$base/log/munged.log")"

write_conf() {
	local port=$1
	cat >"$base/slurm.conf" <<EOT
ClusterName=nescsim
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket=$base/munge/sock,cred_expire=5
CredType=cred/munge
# A container has neither systemd nor cgroups.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$base/log/jobs.txt
StateSaveLocation=$base/state
SlurmdSpoolDir=$base/spool/%n
SlurmctldPidFile=$base/pid/slurmctld.pid
SlurmdPidFile=$base/pid/slurmd-%n.pid
SlurmctldLogFile=$base/log/slurmctld.log
SlurmdLogFile=$base/log/slurmd-%n.log
# Of a test: a lost node is noticed in seconds, not in minutes.
SlurmdTimeout=8
KillWait=2
ReturnToService=2
JobRequeue=1
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=2 State=UNKNOWN
PartitionName=sweep Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
EOT
}

# Three ports in a row that nobody listens on. Somebody may take one before we do: then another try.
free_ports() {
	local port used
	used=$(awk '$4 == "0A" { split($2, at, ":"); print at[2] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	for _ in {1..100}; do
		port=$((20000 + RANDOM % 10000))
		if ! grep -qiE "$(printf '%04X|%04X|%04X' "$port" "$((port + 1))" "$((port + 2))")" <<<"$used"; then
			echo "$port"
			return
		fi
	done
	die "no free ports"
}

export SLURM_CONF=$base/slurm.conf
for try in 1 2 3; do
	write_conf "$(free_ports)"
	if slurmctld -c && slurmd -N n1 && slurmd -N n2 && wait_until 20 nodes_are_idle; then
		echo "export SLURM_CONF=$base/slurm.conf"
		exit 0
	fi
	echo "start.sh: try $try failed: $(tail -qn 2 "$base"/log/slurm*.log)" >&2
	kill_daemons "$base" slurmctld slurmd-n1 slurmd-n2
done
kill_daemons "$base" munged
rm -f "$base/slurm.conf"
die "Slurm does not start; its logs are in $base/log"
