# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# The engine as a service of systemd's.

set -u
enabled=/etc/systemd/system/multi-user.target.wants/docker.service

is_active() {
    systemctl is-active --quiet "$1"
}

systemd_is_up() {
    is_active docker.service
}

systemd_started() { # what tells one start of the engine from another
    systemctl show docker.service -p MainPID -p ExecMainStartTimestampMonotonic
}

systemd_pid() {
    pid=$(systemctl show docker.service -p MainPID)
    echo "${pid#MainPID=}"
}

systemd_remember() {
    # One question, because each costs as much as ten other programs. A socket has no process: what tells one start from another
    # is the service's alone.
    shown=$(systemctl show docker.service docker.socket -p Id -p ActiveState \
        -p MainPID -p ExecMainStartTimestampMonotonic)
    # One that has just died and that systemd is about to start again is activating: without us it would come back.
    case $shown in *docker.service*ActiveState=acti*docker.socket*) mark was-active || return ;; esac
    case $shown in *docker.socket*ActiveState=active*) mark was-listening || return ;; esac
    # What `started` says, without asking again: the first block is the service's, whatever order its lines have.
    while read -r line && [ -n "$line" ]; do
        case $line in MainPID=* | ExecMain*) printf '%s\n' "$line" ;; esac
    done >"$folder/was-started" <<SHOWN
$shown
SHOWN
}

systemd_start() {
    quiet timeout "$(remaining)" systemctl start docker.service
}

systemd_stop() {
    quiet systemctl stop docker.service
}

systemd_stop_listening() { # so that nobody wakes it
    quiet systemctl stop docker.socket
}

systemd_stop_all() {
    quiet systemctl stop docker.service docker.socket "$socket"
}

systemd_reload() {
    quiet systemctl reload docker.service
}

systemd_read_again() { # what its files say
    quiet systemctl daemon-reload
}

systemd_restart() {
    if wants open-socket && restart_with_new_socket; then return 0; fi
    opened=
    # Starts count against the unit's limit, also those that failed.
    quiet systemctl reset-failed docker.service docker.socket "$socket"
    # An engine started with -H unix:// has put its own socket where systemd's was, which nobody can reach any more.
    if wants new-socket; then quiet systemctl stop docker.service docker.socket; fi
    # Our socket is part of the engine's service and would be closed with it. Left open, it keeps whoever knocks meanwhile waiting.
    mode=replace
    if wants keep-port && [ "$step" = restart ]; then mode=ignore-dependencies; fi
    quiet timeout "$(remaining)" systemctl restart --job-mode="$mode" docker.service
}

# A socket that the engine has never had can be given to it without reading all units again first, which takes as long as a
# fifth of the whole: only later starts of the engine need its drop-in. Should somebody wake the engine through docker.socket
# meanwhile, systemd refuses the new socket, and we go the long way.
restart_with_new_socket() {
    quiet systemctl stop docker.service
    if quiet timeout "$(remaining)" systemctl start "$socket" docker.service; then
        opened=yes
        return 0
    fi
    quiet systemctl daemon-reload
    return 1
}

# Some seconds after the end, when nobody waits any more and hosts of one computer are not all busy with themselves. Never in the midst of
# another transaction. Whoever looks at the host before does it first, and ends what waits here.
read_units_later() {
    if [ -z "$opened" ] || ! echo "rmachine-${folder##*/}-go.scope" >"$home/units-unread"; then return 0; fi
    (
        sleep 5
        [ ! -f "$home/units-unread" ] ||
            { flock -w 60 "$home/lock" systemctl daemon-reload && rm -f "$home/units-unread"; }
    ) </dev/null >/dev/null 2>&1 9>&- &
}

# Should the engine have come up without its new socket all the same, a restart in the usual order gives it that.
restart_again() {
    wants open-socket || return
    quiet systemctl daemon-reload
    quiet timeout "$(remaining)" systemctl restart docker.service && until_true 60 answers
}

# `systemctl enable` would go on to Debian's update-rc.d, which rewrites links all over /etc.
systemd_enable() {
    unit=$(systemctl show docker.service -p FragmentPath)
    [ "$unit" != FragmentPath= ] || return 0
    mkdir -p "${enabled%/*}" && ln -sf "${unit#FragmentPath=}" "$enabled"
}

systemd_last_words() {
    tell_time
    # On a busy host the journal is behind.
    quiet journalctl --sync
    journalctl -u docker.service -u "$socket" --since "@$(($(date +%s) - now + begun_at))" --no-pager -o cat 2>/dev/null
}
