# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# Beginning, committing and undoing a transaction, and the order of it all.

set -u

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
    [ -d "$folder/before" ] || mkdir "$folder/before" || return
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
    engine remember || return
    wants hostname || wants release || return 0
    uname -n >"$folder/was-named"
}

# The state before the very first transaction is kept, path by path, for `release`.
keep_origin() {
    if [ ! -d "$home/origin" ]; then
        mark origin-made && mkdir "$home/origin" && true >"$home/origin/index" || return
        marked was-active || true >"$home/origin/inactive" || return
        marked was-listening || true >"$home/origin/unlistening" || return
        if marked installed; then true >"$home/origin/installed" || return; fi
        if marked group-made; then true >"$home/origin/group" || return; fi
    fi
    if wants hostname && [ ! -f "$home/origin/hostname" ]; then
        cp "$folder/was-named" "$home/origin/hostname" || return
    fi
    count=0
    known=:
    while read -r _ _ _ path; do
        count=$((count + 1))
        known=$known$path:
    done <"$home/origin/index"
    while read -r kind number mode path; do
        case $known in *":$path:"*) continue ;; esac
        count=$((count + 1))
        if [ "$kind" = file ]; then cp -a "$folder/before/$number" "$home/origin/$count" || return; fi
        echo "$kind $count $mode $path" >>"$home/origin/index" || return
    done <"$folder/before/index"
}

begin() {
    true >>"$home/lock" || return
    exec 9>"$home/lock"
    until_true 2 flock -n 9 || {
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
    set -- "$folder/begun"
    if [ -f "$folder/before/index" ]; then
        while read -r kind _ _ path; do
            case $kind in tree | notree) set -- "$@" "$path.rmachine-gone" "$path.rmachine-new" ;; esac
        done <"$folder/before/index"
    fi
    rm -rf "$@" "$folder"
    # After a first change that was undone nothing of ours stays.
    if [ ! -d "$home/origin" ] && rmdir "$home/apply" 2>/dev/null; then
        rm -f "$home/lock"
        rmdir "$home" 2>/dev/null
        return 0
    fi
    # Leftovers of transfers that were cut before they began; younger ones may be on their way.
    for other in "$home"/apply/*; do
        [ ! -e "$other" ] || break
        return 0
    done
    find "$home/apply" -mindepth 1 -maxdepth 1 -mmin +60 ! -exec test -f '{}/begun' ';' -exec rm -rf '{}' +
}

# Somebody else may have written there meanwhile; then what was tested is not what is there.
is_as_wanted() {
    [ -s "$folder/want/sums" ] || return 0
    said=$(sha256sum -c "$folder/want/sums" 2>/dev/null) && return
    said=${said%%: FAILED*}
    reason="${said##*"$line_end"} was changed by somebody else meanwhile"
    return 1
}

step_commit() {
    is_as_wanted || return
    if wants release; then
        finish
        rm -rf "$home"
    else
        keep_way_back && keep_origin || return
        flush "$home"/origin/*
        finish
    fi
}

engine_back() {
    if ! marked was-active; then
        [ -n "$touched" ] || return 0
        engine stop
        marked was-listening || engine stop_listening
    elif [ -z "$touched" ]; then
        engine is_up || restart_back
    elif engine is_up && [ "$(engine started)" = "$(cat "$folder/was-started")" ]; then
        reload_back
    else
        restart_back
    fi
}

reload_back() {
    if wants live-restore; then
        reload_live_restore before-off false && config_back
    elif wants told-back; then
        config_put told-back && reload
        config_back
    else
        engine reload
    fi
}

restart_back() {
    # An engine that runs is left alone then: one that restarts on a full disk loses its containers.
    if engine is_up && ! has_room; then
        reason="the disk is full, so it was not restarted: systemctl restart docker"
        return 1
    fi
    wants live-restore || {
        restart
        return
    }
    # Both the engine that ends and the one that begins must have it on.
    if engine is_up; then
        reload_live_restore before-on true || return
    else
        config_put before-on || return
    fi
    restart && until_true 30 answers &&
        reload_live_restore before-off false && config_back
}

undo() { # the files; then the engine, whose refusal to come back would not be cured by trying again
    enter undo
    tell_time
    deadline=$((now + 120))
    [ -f "$folder/before/index" ] || return 0
    if wants hostname; then rename_host "$(cat "$folder/was-named")"; fi
    # systemd starts a failed engine again by itself, at any moment: one that finds live-restore off would end the containers.
    if [ -n "$touched" ] && marked was-active && wants live-restore; then keeping=yes; fi
    # An engine whose files go away must not be left running.
    if wants static && ! marked was-active; then engine stop_all; fi
    put_all "$folder/before" <"$folder/before/backwards" || return
    packages_back || return
    if marked group-made; then group_gone; fi
    if marked origin-made; then rm -rf "$home/origin"; fi
    engine read_again
    # An installation that failed may have left no engine at all.
    command -v dockerd >/dev/null || return 0
    engine_back || {
        config_back
        say "engine-down ${reason:-$(said_last)}"
    }
}

enter() { # STEP
    step=$1
    reason=
    echo "$step" >"$folder/step" 2>/dev/null
    say "step $step"
    if [ -x /run/rmachine/at-step ]; then quiet /run/rmachine/at-step "$step" || true; fi
}

steps() {
    for next in $(line_of "$folder/steps") commit; do
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
    deadline=$((begun_at + $(line_of "$folder/seconds")))
    enter begin
    if ! begin; then
        say "failed begin ${reason:-$folder cannot be written; is the disk full?}"
        say "undone"
        finish
        exit 1
    elif steps; then
        say "committed"
        read_units_later
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
    until_true 60 flock -n 9 || exit 1
    if marked touched; then touched=yes; fi
    if marked begun; then take_back; fi
}

main() {
    tell_time
    begun_at=$now
    config=$(line_of "$folder/config-path")
    environment
    case $1 in
    go) go ;;
    undo) resume ;;
    esac
}
