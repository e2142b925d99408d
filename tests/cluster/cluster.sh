# Sourced: functions that start and stop a private Slurm cluster on this machine, with its own keys, ports and
# folders. Nothing outside its folder is read or written. Needs root, slurmctld, slurmd, munged; does not use cgroups.
PATH+=:/usr/sbin

port_is_free() { ! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port
  for ((port = 20000 + RANDOM % 10000; ; ++port)); do
    port_is_free "$port" && break
  done
  echo "$port"
}

# Prints the reason why no cluster can be started; prints nothing if one can.
no_cluster_reason() {
  local program
  [[ $(id -u) -eq 0 ]] || { echo "slurmd needs root" && return; }
  for program in slurmctld slurmd munged sbatch srun; do
    command -v $program >/dev/null ||
      { echo "$program is not installed (jobs/install-dependencies.sh --tests)" && return; }
  done
}

# write_slurm_conf DIR: jobs do not share cores. 16 cores are declared, even if the machine has fewer.
write_slurm_conf() {
  local host
  host=$(hostname -s)
  cat >"$1/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
AuthType=auth/munge
# A job that is queued again waits until its credential has expired, by default 120 s.
AuthInfo=socket=$1/munge/socket,cred_expire=5
SlurmUser=root
SlurmctldPidFile=$1/slurmctld.pid
SlurmdPidFile=$1/slurmd.pid
SlurmctldLogFile=$1/slurmctld.log
SlurmdLogFile=$1/slurmd.log
SlurmctldDebug=debug2
SlurmdSpoolDir=$1/slurmd
StateSaveLocation=$1/slurmctld
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
KillWait=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=kill_invalid_depend
NodeName=$host NodeAddr=127.0.0.1 CPUs=16 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
}

# start_cluster DIR: sets SLURM_CONF and daemons (process ids). Fails if the node is not ready in time.
start_cluster() {
  local dir=$1 k
  guard_cluster "$dir"
  chmod 755 "$dir"
  mkdir -m 755 "$dir/munge" "$dir/slurmd" "$dir/slurmctld"
  write_slurm_conf "$dir"
  export SLURM_CONF=$dir/slurm.conf
  (umask 077 && head -c 128 /dev/urandom >"$dir/munge/key")
  # Each daemon has its own session, so that an interrupt of the test does not end it before the jobs are stopped.
  setsid munged --foreground --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" \
    --seed-file="$dir/munge/seed" --pid-file="$dir/munge/pid" >"$dir/munged.log" 2>&1 &
  daemons=($!)
  for ((k = 0; k < 50; ++k)); do
    [[ -S $dir/munge/socket ]] && break
    sleep 0.1
  done
  setsid slurmctld -D >"$dir/slurmctld.out" 2>&1 &
  daemons+=($!)
  setsid slurmd -D >"$dir/slurmd.out" 2>&1 &
  daemons+=($!)
  for ((k = 0; k < 60; ++k)); do
    [[ $(sinfo --noheader --format=%T 2>/dev/null) == idle ]] && return
    sleep 0.5
  done
  return 1
}

# kill_rest DIR: kills the remaining processes of the cluster in DIR, which have DIR in their environment or arguments.
kill_rest() {
  local pid
  for pid in $(grep -lzs -- "$1" /proc/[0-9]*/environ /proc/[0-9]*/cmdline | cut -d/ -f3 | sort -un); do
    [[ $pid -ne $$ ]] && kill -9 "$pid" 2>/dev/null
  done
}

# guard_cluster DIR: starts a process that removes the cluster after the test has ended. It has its own session,
# because ctest kills the children of a test that exceeds its time limit.
guard_cluster() {
  (setsid bash -c "$(declare -f kill_rest)
    while kill -0 $$; do sleep 1; done
    kill_rest $1; sleep 1; kill_rest $1; rm -rf $1" >/dev/null 2>&1 &)
}

stop_cluster() {  # DIR
  local k
  timeout 10 scancel --user=root 2>/dev/null
  for ((k = 0; k < 30; ++k)); do
    [[ -z $(timeout 2 squeue --noheader 2>/dev/null) ]] && break
    sleep 0.3
  done
  kill "${daemons[@]}" 2>/dev/null
  wait "${daemons[@]}" 2>/dev/null
  kill_rest "$1"
}
