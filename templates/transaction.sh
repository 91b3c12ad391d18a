# shellcheck shell=sh
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
enabled=/etc/systemd/system/multi-user.target.wants/docker.service
step=
reason=
touched=

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
    cat "$folder/do/$1" 2>/dev/null
}

remaining() { # seconds until the deadline, at least 1
    left=$((deadline - $(date +%s)))
    [ "$left" -gt 1 ] && echo "$left" || echo 1
}

# Tries a condition until it holds or SECONDS have passed.
until_true() { # SECONDS CONDITION...
    limit=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$limit" ] || return 1
        sleep 0.05
    done
}

# ---- files -----------------------------------------------------------------------------------------------------

# Files are replaced by renaming, never written in place. What undoing needs is linked rather than copied, where the file
# system allows it: a disk that is full by now does not matter then.
twin() { # FROM N MODE COPY
    [ ! -e "$4" ] || rm -f "$4"
    if [ "$1" = "$folder/want" ] && [ "$3" != - ]; then
        install -m "$3" "$1/$2" "$4"
    else
        ln "$1/$2" "$4" 2>/dev/null || cp -a "$1/$2" "$4" || return
        [ "$3" = - ] || chmod "$3" "$4"
    fi
}

put() { # FROM KIND N MODE PATH
    case $2 in
    file)
        twin "$1" "$3" "$4" "$5.rmachine-new" && mv -f "$5.rmachine-new" "$5"
        ;;
    absent)
        # A socket whose unit is gone would go on listening.
        [ "$5" != "/etc/systemd/system/$socket" ] || quiet systemctl stop "$socket"
        rm -f "$5" "$5.rmachine-new"
        ;;
    dir)
        [ -d "$5" ] || mkdir -m "$4" "$5"
        ;;
    nodir)
        if [ -d "$5" ]; then rmdir "$5" 2>/dev/null || true; fi
        ;;
    keep) ;;
    *)
        log "an index says $2"
        return 1
        ;;
    esac
}

put_all() { # FROM: every line of an index, on stdin
    while read -r kind number mode path; do
        put "$1" "$kind" "$number" "$mode" "$path" </dev/null || {
            reason="$path cannot be written; is the disk full?"
            return 1
        }
    done
}

backwards() { # FILE
    sed '1!G;h;$!d' "$1"
}

remember() { # PATH NUMBER: prints the index line that brings PATH back as it is
    if [ -h "$1" ] || [ -f "$1" ]; then
        cp -a "$1" "$folder/before/$2" || return
        echo "file $2 - $1"
    elif [ -d "$1" ]; then
        echo "dir - $(stat -c %a "$1") $1"
    else
        case $kind in
        dir | nodir) echo "nodir - - $1" ;;
        *) echo "absent - - $1" ;;
        esac
    fi
}

config_put() { # VARIANT: one of lr/*, as daemon.json
    put "$folder/lr" file "$1" "$(wanted config-mode)" "$config"
}

config_line() { # FOLDER: the line of daemon.json in its index
    grep " $config\$" "$folder/$1/index"
}

# The lines come by here-documents, which need no room on the disk.
config_back() { # as it was before
    put_all "$folder/before" <<LINE
$(config_line before)
LINE
}

config_as_wanted() {
    case $(config_line want) in
    file* | absent*) ;;
    *)
        config_back
        return
        ;;
    esac
    put_all "$folder/want" <<LINE
$(config_line want)
LINE
}

flush() {
    sync "$@" 2>/dev/null || sync
}

has_room() { # a MiB, where we write and where the engine does
    df -Pk /etc "$home" /var/lib/docker 2>/dev/null | {
        read -r _
        while read -r _ _ _ free _; do [ "$free" -ge 1024 ] || return 1; done
    }
}

# ---- the engine ------------------------------------------------------------------------------------------------

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
    engine_get /info | grep -q "\"LiveRestoreEnabled\":$1"
}

reload_live_restore() { # VARIANT true|false: by reload, without a restart
    config_put "$1" &&
        quiet systemctl reload docker.service &&
        until_true 10 restores_live "$2"
}

# Containers survive a restart when live-restore is on in the engine that ends and in the one that begins.
restart() {
    # Starts that failed count against the unit's limit.
    quiet systemctl reset-failed docker.service docker.socket "$socket"
    touched
    if wants open-socket && restart_with_new_socket; then return 0; fi
    # An engine started with -H unix:// has put its own socket where systemd's was, which nobody can reach any more.
    if wants new-socket; then quiet systemctl stop docker.service docker.socket; fi
    quiet timeout "$(remaining)" systemctl restart docker.service
}

# A socket that the engine has never had can be given to it without reading all units again first, which takes a fifth of
# the whole; they are read while the engine comes up. Should somebody wake the engine through docker.socket meanwhile, systemd
# refuses the new socket, and we go the long way.
restart_with_new_socket() {
    quiet systemctl stop docker.service
    quiet systemctl start "$socket"
    opened=$?
    [ $opened != 0 ] || quiet systemctl start --no-block docker.service
    quiet systemctl daemon-reload
    [ $opened = 0 ] && quiet timeout "$(remaining)" systemctl start docker.service
}

# From here on, undoing has to look after the engine too.
touched() {
    touched=yes
    mark touched
}

last_words() { # of the engine where it is about the engine, else of the commands that we ran
    case $step in
    hold | start | reload | restart | health | settle)
        journalctl -u docker.service -u "$socket" --since "@$begun_at" -n 20 --no-pager -o cat 2>/dev/null
        ;;
    *)
        tail -n 20 "$folder/log" 2>/dev/null
        ;;
    esac | cut -c 1-400 | while IFS= read -r line; do say "log $line"; done
}

# ---- the steps -------------------------------------------------------------------------------------------------

step_wait() {
    cloud_init_wait && lock_wait
}

step_stage() {
    for dir in /etc /etc/systemd/system "$home"; do
        [ -w "$dir" ] || {
            reason="$dir cannot be written"
            return 1
        }
    done
    has_room || {
        reason="the disk is full"
        return 1
    }
}

step_validate() {
    file=$(sed -n "s,^file \([0-9]*\) [^ ]* $config\$,\1,p" "$folder/want/index")
    [ -n "$file" ] || return 0
    # It names certificates by where they will be, and the engine looks at them: here it gets them from where they are now.
    sed -n "s,^file \([0-9]*\) [^ ]* \(/.*\.pem\)\$,s|\"\2\"|\"$folder/want/\1\"|,p" "$folder/want/index" >"$folder/places" &&
        sed -f "$folder/places" "$folder/want/$file" >"$folder/check.json" || return
    said=$(dockerd --validate --config-file="$folder/check.json" 2>&1 </dev/null 9>&-) || {
        reason="the engine refuses the new daemon.json: $(echo "$said" | tail -n 1)"
        return 1
    }
}

step_hold() {
    touched
    # daemon.json may be the first file in its folder.
    [ -d "${config%/*}" ] || mkdir -m 755 "${config%/*}" || return
    reload_live_restore before-on true || {
        reason="live-restore cannot be switched on, so containers would stop"
        return 1
    }
}

step_swap() {
    put_all "$folder/want" <"$folder/want/index" || return
    if wants live-restore; then config_put after-on || return; fi
    if wants hostname; then rename_host "$(wanted hostname)" || return; fi
    if wants enable; then enable_engine || return; fi
    if wants daemon-reload; then quiet systemctl daemon-reload; fi
}

rename_host() { # NAME
    # The command where there is one: in a container /proc may be read-only.
    if command -v hostname >/dev/null; then quiet hostname "$1"; else echo "$1" >/proc/sys/kernel/hostname; fi || {
        reason="the host cannot be renamed"
        return 1
    }
}

step_install() {
    mark installed
    touched
    "install_$(wanted install)"
}

step_start() {
    touched
    # After an installation it usually runs already, with our configuration since its first start.
    if is_active docker.service; then return 0; fi
    quiet timeout "$(remaining)" systemctl start docker.service || {
        reason="the engine does not start"
        return 1
    }
}

step_reload() {
    touched
    quiet systemctl reload docker.service
}

step_restart() {
    # An engine that restarts on a full disk loses its containers, live-restore or not.
    has_room || {
        reason="the disk is full, so the engine is not restarted"
        return 1
    }
    restart || {
        reason="the engine does not start"
        return 1
    }
}

step_health() {
    until_true 60 answers || {
        reason="the engine does not answer on its socket"
        return 1
    }
    port=$(wanted port)
    [ -z "$port" ] || until_true 5 listens "$port" || {
        reason="the engine runs, but its port does not listen"
        return 1
    }
    if wants socket && ! is_active "$socket"; then
        reason="the engine runs, but its port could not be opened; does another program have it?"
        return 1
    fi
}

step_settle() {
    reload_live_restore after-off false && config_as_wanted
}

# `systemctl enable` would go on to Debian's update-rc.d, which rewrites links all over /etc.
enable_engine() {
    unit=$(systemctl show docker.service -p FragmentPath)
    mkdir -p "${enabled%/*}" && ln -sf "${unit#FragmentPath=}" "$enabled"
}

step_release() { # wants what was there before the first transaction
    cp -a "$home/origin/." "$folder/want/" && backwards "$home/origin/index" >"$folder/want/index" || return
    if [ -f "$home/origin/hostname" ]; then cp "$home/origin/hostname" "$folder/do/hostname" || return; fi
    remember_all
}

step_stop() { # an engine that did not run before the first transaction
    touched
    quiet systemctl stop docker.service
    [ ! -f "$home/origin/unlistening" ] || quiet systemctl stop docker.socket
}

# ---- begin, commit, undo ---------------------------------------------------------------------------------------

changed_meanwhile() { # the first path that is not as it was when the plan was made
    while read -r sum path; do
        if [ -f "$path" ]; then now=$(sha256sum <"$path"); else now=absent; fi
        [ "${now%% *}" = "$sum" ] || {
            echo "$path"
            return 0
        }
    done <"$folder/expect"
    return 1
}

remember_all() {
    mkdir -p "$folder/before" || return
    count=0
    true >"$folder/before/index.new" || return
    while read -r kind _ _ path; do
        count=$((count + 1))
        remember "$path" "$count" >>"$folder/before/index.new" || return
    done <"$folder/want/index"
    # Files and index are on the disk before anything changes.
    backwards "$folder/before/index.new" >"$folder/before/backwards" || return
    flush "$folder"/before/* && mv "$folder/before/index.new" "$folder/before/index"
}

remember_engine() {
    shown=$(systemctl show docker.service docker.socket -p Id -p ActiveState | paste -s -d ' ')
    case $shown in *docker.service*ActiveState=active*docker.socket*) mark was-active || return ;; esac
    case $shown in *docker.socket*ActiveState=active*) mark was-listening || return ;; esac
    started >"$folder/was-started"
    uname -n >"$folder/was-named"
}

# The state before the very first transaction is kept, path by path, for `release`.
keep_origin() {
    if [ ! -d "$home/origin" ]; then
        mark origin-made && mkdir "$home/origin" && true >"$home/origin/index" || return
        marked was-active || true >"$home/origin/inactive" || return
        marked was-listening || true >"$home/origin/unlistening" || return
        if marked installed; then true >"$home/origin/installed" || return; fi
    fi
    if wants hostname && [ ! -f "$home/origin/hostname" ]; then
        cp "$folder/was-named" "$home/origin/hostname" || return
    fi
    count=$(wc -l <"$home/origin/index")
    while read -r kind number mode path; do
        if grep -q " $path\$" "$home/origin/index"; then continue; fi
        count=$((count + 1))
        if [ "$kind" = file ]; then cp -a "$folder/before/$number" "$home/origin/$count" || return; fi
        echo "$kind $count $mode $path" >>"$home/origin/index" || return
    done <"$folder/before/index"
}

begin() {
    true >>"$home/lock" || return
    exec 9>"$home/lock"
    flock -w 2 9 || {
        reason="another transaction is running on the host"
        return 1
    }
    for other in "$home"/apply/*/begun; do
        [ ! -f "$other" ] || {
            reason="an unfinished transaction must be taken up first"
            return 1
        }
    done
    if path=$(changed_meanwhile); then
        reason="$path was changed since the plan was made"
        return 1
    fi
    remember_engine || return
    # What is wanted by a release is known only later.
    wants release || remember_all || return
    mark begun && flush "$folder" "$folder/begun"
}

finish() {
    # First the mark, so that a half-removed folder is never taken for an unfinished transaction.
    rm -f "$folder/begun"
    rm -rf "$folder"
    # Leftovers of transfers that were cut before they began.
    for other in "$home"/apply/*; do
        if [ -d "$other" ] && [ ! -f "$other/begun" ]; then rm -rf "$other"; fi
    done
}

# Somebody else may have written there meanwhile; then what was tested is not what is there.
is_as_wanted() {
    while read -r kind number _ path; do
        [ "$kind" != file ] || cmp -s "$folder/want/$number" "$path" || {
            reason="$path was changed by somebody else meanwhile"
            return 1
        }
    done <"$folder/want/index"
}

step_commit() {
    is_as_wanted || return
    if wants release; then
        finish
        rm -rf "$home"
    else
        keep_origin || return
        flush "$home"/origin/*
        finish
    fi
}

engine_back() {
    if ! marked was-active; then
        [ -n "$touched" ] || return 0
        quiet systemctl stop docker.service
        marked was-listening || quiet systemctl stop docker.socket
    elif [ -z "$touched" ]; then
        is_active docker.service || restart_back
    elif is_active docker.service && [ "$(started)" = "$(cat "$folder/was-started")" ]; then
        reload_back
    else
        restart_back
    fi
}

reload_back() {
    if wants live-restore; then
        reload_live_restore before-off false && config_back
    else
        quiet systemctl reload docker.service
    fi
}

restart_back() {
    wants live-restore || {
        restart
        return
    }
    # Both the engine that ends and the one that begins must have it on.
    if is_active docker.service; then
        reload_live_restore before-on true || return
    else
        config_put before-on || return
    fi
    restart && until_true 30 answers &&
        reload_live_restore before-off false && config_back
}

undo() { # the files; then the engine, whose refusal to come back would not be cured by trying again
    say "step undo"
    deadline=$(($(date +%s) + 120))
    [ -f "$folder/before/index" ] || return 0
    if wants hostname; then rename_host "$(cat "$folder/was-named")"; fi
    put_all "$folder/before" <"$folder/before/backwards" || return
    if marked origin-made; then rm -rf "$home/origin"; fi
    quiet systemctl daemon-reload
    # An installation that failed may have left no engine at all.
    command -v dockerd >/dev/null || return 0
    engine_back || say "engine-down ${reason:-$(said_last)}"
}

enter() { # STEP
    step=$1
    reason=
    echo "$step" >"$folder/step" 2>/dev/null
    say "step $step"
    if [ -x /run/rmachine/at-step ]; then quiet /run/rmachine/at-step "$step" || true; fi
}

steps() {
    list=$(cat "$folder/steps")
    for next in $list commit; do
        enter "$next"
        "step_$next" || return
    done
}

said_last() {
    tail -n 1 "$folder/log" 2>/dev/null | cut -c 1-400
}

take_back() { # keeps the folder when it fails, so that the next run tries again
    if undo; then
        say "undone"
        finish
    else
        say "undo-failed ${reason:-$(said_last)}"
    fi
}

go() {
    deadline=$(($(date +%s) + $(cat "$folder/seconds")))
    enter begin
    if ! begin; then
        say "failed begin ${reason:-$folder cannot be written; is the disk full?}"
        say "undone"
        finish
        exit 1
    elif steps; then
        say "committed"
    else
        say "failed $step ${reason:-$(said_last)}"
        last_words
        take_back
        exit 1
    fi
}

resume() { # one that died
    true >>"$home/lock" || exit 1
    exec 9>"$home/lock"
    flock -w 60 9 || exit 1
    if marked touched; then touched=yes; fi
    if marked begun; then take_back; fi
}

main() {
    begun_at=$(date +%s)
    config=$(cat "$folder/config-path")
    case $1 in
    go) go ;;
    undo) resume ;;
    esac
}
