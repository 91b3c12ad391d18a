#!/bin/sh
# Called by a transaction with each step's name. /run/rmachine/wanted names a step and what goes wrong there, once.
set -u

config=/etc/docker/daemon.json
broken='{ "log-driver": '

break_config() {
    echo "$broken" >"$config"
}

# In or out, everything or with a reset; and the end of it, for which nobody can call.
cut() { # SECONDS RULE...
    seconds=$1
    shift
    # shellcheck disable=SC2016 # the other shell expands it
    systemd-run --quiet --collect /bin/sh -c \
        'seconds=$1; shift; for chain in INPUT OUTPUT; do iptables -w -I "$chain" "$@"; done; true >/run/rmachine/is-cut
        sleep "$seconds"; for chain in INPUT OUTPUT; do iptables -w -D "$chain" "$@"; done' \
        cut "$seconds" "$@"
    until [ -e /run/rmachine/is-cut ]; do sleep 0.05; done
}

goes_wrong() { # FAULT
    case $1 in
    network-silent) cut "$(cat /run/rmachine/seconds)" -p tcp -j DROP ;;
    network-reset) cut 3 -p tcp --dport 22 -j REJECT --reject-with tcp-reset ;;
    engine-killed)
        pid=$(systemctl show -p MainPID --value docker.service)
        # Where none runs there is none to kill; 0 would be ourselves.
        [ "${pid:-0}" = 0 ] || kill -9 "$pid"
        ;;
    disk-filled)
        fallocate -l "$(df --output=avail -B1 / | tail -n 1)" /var/tmp/filled
        dd if=/dev/zero of=/var/tmp/filled-too bs=4k 2>/dev/null
        ;;
    config-broken) break_config ;;
    esac
    true >/run/rmachine/went-wrong
}

main() {
    read -r step fault </run/rmachine/wanted
    # Undoing needs a reason.
    if [ "$step" = undo ] && [ "$1" = commit ]; then break_config; fi
    [ "$step" = "$1" ] || return 0
    goes_wrong "$fault"
}

main "$@" </dev/null
