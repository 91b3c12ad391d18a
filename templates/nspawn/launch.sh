#!/bin/sh
# Becomes a host: mounts its root file system where only it sees it, and runs it in its control groups. Runs in a mount
# namespace of its own, which ends with it.
#
# Arguments: once (a supervisor outside runs it again) or again (we do, after each reboot from inside),
# LOWER UPPER WORK ROOT, control groups, --, the program and its arguments.
set -ue

# What systemd-nspawn --keep-unit exits with when the host rebooted.
rebooted=133

mode=$1
mount -t overlay rmachine -o "lowerdir=$2,upperdir=$3,workdir=$4" "$5"
shift 5

# Enters a control group. Version 2 takes no process where groups are below, and the last run left some: each run
# has a group of its own there. 0 means the process that writes.
enter() {
    group=$1
    if [ -e "$group/cgroup.controllers" ]; then
        group=$group/$run
        mkdir "$group"
    fi
    echo 0 >"$group/cgroup.procs"
}

# Enters the control groups and becomes the program.
become() {
    while [ "$1" != -- ]; do
        enter "$1"
        shift
    done
    shift
    exec "$@"
}

run=1
[ "$mode" = again ] || become "$@"

child=
trap '[ -z "$child" ] || kill -TERM "$child"' TERM

while :; do
    become "$@" &
    child=$!
    # A signal that is passed on ends wait, too; only when the child is gone its status is the last one.
    while :; do
        status=0
        wait "$child" || status=$?
        kill -0 "$child" 2>/dev/null || break
    done
    [ "$status" -eq "$rebooted" ] || exit "$status"
    run=$((run + 1))
done
