# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# The engine in a transaction: what it does, restarting it, and keeping its containers meanwhile.

set -u

is_active() {
    systemctl is-active --quiet "$1"
}

started() { # what tells one start of the engine from another
    systemctl show docker.service -p MainPID -p ExecMainStartTimestampMonotonic
}

answers() {
    [ "$(engine_get /_ping)" = OK ]
}

listens() { # PORT in hexadecimal, as /proc/net/tcp has it
    grep -q ":$1 [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

restores_live() { # true|false
    case $(engine_get /info) in *"\"LiveRestoreEnabled\":$1"*) ;; *) return 1 ;; esac
}

reload_live_restore() { # VARIANT true|false: by reload, without a restart
    # One that is just coming up would read it as its first settings: with live-restore off it ends its containers.
    until_true 30 answers || return
    config_put "$1" &&
        quiet systemctl reload docker.service &&
        until_true 10 restores_live "$2"
}

has_reloaded() { # SINCE: the engine tells of every reload that it has made
    engine_get "/events?since=$1&until=$(date +%s.%N)&filters=%7B%22event%22%3A%7B%22reload%22%3Atrue%7D%7D" |
        grep -q reload
}

# A file that it does not like is only a line in its log otherwise.
reload() {
    since=$(date +%s.%N)
    quiet systemctl reload docker.service &&
        until_true 10 has_reloaded "$since"
}

# Containers survive a restart when live-restore is on in the engine that ends and in the one that begins.
restart() {
    touched
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

# A socket that the engine has never had can be given to it without reading all units again first, which takes a fifth of
# the whole; they are read while the engine comes up. Should somebody wake the engine through docker.socket meanwhile, systemd
# refuses the new socket, and we go the long way.
restart_with_new_socket() {
    quiet systemctl stop docker.service
    if quiet systemctl start "$socket"; then opened=yes; fi
    # The engine is on its way before systemd has no time for anybody else.
    [ -z "$opened" ] || quiet systemctl start --no-block docker.service
    quiet systemctl daemon-reload
    [ -n "$opened" ] && quiet timeout "$(remaining)" systemctl start docker.service
}

# Seen once in some hundred adoptions, many hosts at work: an engine that was started just when systemd read its units came up without the new
# socket. A restart in the usual order gives it that.
restart_again() {
    wants open-socket && quiet timeout "$(remaining)" systemctl restart docker.service && until_true 60 answers
}

# From here on, undoing has to look after the engine too.
touched() {
    touched=yes
    mark touched
}

last_words() { # of the engine where it is about the engine, else of the commands that we ran
    case $step in
    hold | start | reload | restart | health | settle)
        # With --since, -n means the first lines. What the engine says at level info is no reason to end.
        tell_time
        # On a busy host the journal is behind.
        quiet journalctl --sync
        journalctl -u docker.service -u "$socket" --since "@$(($(date +%s) - now + begun_at))" --no-pager -o cat 2>/dev/null |
            grep -v -e ' level=info ' -e ' level=debug ' | tail -n 20
        ;;
    *)
        tail -n 20 "$folder/log" 2>/dev/null
        ;;
    esac | cut -c 1-400 | while IFS= read -r line; do say "log $line"; done
}
