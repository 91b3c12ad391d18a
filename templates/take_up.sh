# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what receive.sh sets and reads
# Takes up a transaction that an earlier connection began: waits for one that still runs, undoes one that died (the power
# was cut, or somebody killed it). Uses the functions of receive.sh.

set -u

take_up() {
    umask 077
    for begun in "$home"/apply/*/begun; do
        [ -f "$begun" ] || continue
        folder=${begun%/begun}
        # The one that works holds the lock; when we get it, that one has ended or died.
        flock "$home/lock" true
        [ -f "$begun" ] || continue
        detached undo
    done
}
