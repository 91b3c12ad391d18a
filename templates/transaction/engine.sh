# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# The engine in a transaction: what it does, restarting it, and keeping its containers meanwhile.

set -u

# What runs services here; each has a file of its own in init/.
if [ -d /run/systemd/system ]; then init=systemd; else init=openrc; fi

engine() { # VERB: of the init system's
    "${init}_$1"
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
        engine reload &&
        until_true 10 restores_live "$2"
}

# busybox's date knows no parts of a second everywhere.
now_of_engine() {
    time=$(date +%s.%N)
    case $time in *[!0-9.]*) echo "${time%%.*}" ;; *) echo "$time" ;; esac
}

has_reloaded() { # SINCE: the engine tells of every reload that it has made
    engine_get "/events?since=$1&until=$(now_of_engine)&filters=%7B%22event%22%3A%7B%22reload%22%3Atrue%7D%7D" |
        grep -q reload
}

# A file that it does not like is only a line in its log otherwise.
reload() {
    since=$(now_of_engine)
    engine reload &&
        until_true 10 has_reloaded "$since"
}

# Containers survive a restart when live-restore is on in the engine that ends and in the one that begins.
restart() {
    touched
    engine restart
}

# From here on, undoing has to look after the engine too.
touched() {
    touched=yes
    mark touched
}

last_words() { # of the engine where it is about the engine, else of the commands that we ran
    case $step in
    hold | start | reload | restart | health | settle)
        # What the engine says at level info is no reason to end.
        engine last_words | grep -v -e ' level=info ' -e ' level=debug ' | tail -n 20
        ;;
    *)
        tail -n 20 "$folder/log" 2>/dev/null
        ;;
    esac | cut -c 1-400 | while IFS= read -r line; do say "log $line"; done
}
