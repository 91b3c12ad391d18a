# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# One transaction on a host: `program FOLDER go` works through FOLDER/steps, `program FOLDER undo` undoes what a dead one did.
#
# FOLDER holds what is wanted (want/index and want/N), what was there before (before/index and before/N, complete and on
# the disk before the first change), and FOLDER/begun from the first change to the end. An index line is
# `KIND N MODE PATH`: `file` to be N with MODE (- as N has it), `absent`, `dir`, `nodir` (remove it if empty),
# `keep` (only remembered). It ends by committing or by undoing; either way the folder goes. Nobody has to be listening.
#
# Mind that a redirection that fails ends the shell when it stands with a special builtin (`:`, `exec`): a full disk is no
# reason to end without undoing, so marks are made with `mark`.
#
# For tests: an executable /run/rmachine/at-step, in a folder only root can make, is called with the step's name before each.

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u
umask 077
# The connection may go away at any time, and writing to it may fail; the work goes on.
trap '' HUP PIPE
home=/var/lib/rmachine
folder=$1
socket=rmachine-docker.socket
step=
reason=
touched=
opened=
is_one_disk=
line_end='
'
# Set while daemon.json must not go back without live-restore in it.
keeping=

say() {
    printf '@rmachine %s\n' "$*" 2>/dev/null || true
}

log() {
    printf '%s\n' "$*" >>"$folder/log" 2>/dev/null || true
}

# Commands of the host's get no input, do not hold our lock, and see ordinary signals; what they say goes to the log.
quiet() {
    log "+ $*"
    (
        trap - HUP PIPE
        exec "$@" </dev/null >>"$folder/log" 2>&1 9>&-
    )
}

# Variables for what we run, such as a proxy; they came in a file, since arguments can be seen by everybody.
environment() {
    [ -f "$folder/environment" ] || return 0
    while IFS= read -r line; do
        case ${line%%=*} in
        '' | [0-9]* | *[!A-Za-z0-9_]*) ;;
        *) export "${line?}" ;;
        esac
    done <"$folder/environment"
}

mark() { # NAME
    true >"$folder/$1"
}

marked() { # NAME
    [ -f "$folder/$1" ]
}

wants() {
    [ -f "$folder/do/$1" ]
}

wanted() { # the text of do/NAME, or nothing
    [ -f "$folder/do/$1" ] && line_of "$folder/do/$1"
}

line_of() { # FILE: read without a program, because it is asked often; the one line may have no end
    { IFS= read -r value || [ -n "$value" ]; } <"$1" && printf '%s\n' "$value"
}

# Seconds since the host came up, into $now: as good as any clock for deadlines, and read without a program.
tell_time() {
    read -r now _ </proc/uptime
    now=${now%%.*}
}

remaining() { # seconds until the deadline, at least 1
    tell_time
    left=$((deadline - now))
    [ "$left" -gt 1 ] && echo "$left" || echo 1
}

# Tries a condition until it holds or SECONDS have passed.
until_true() { # SECONDS CONDITION...
    tell_time
    limit=$((now + $1))
    shift
    until "$@"; do
        tell_time
        [ "$now" -lt "$limit" ] || return 1
        sleep 0.05
    done
}
