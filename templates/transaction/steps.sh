# shellcheck shell=sh disable=SC2034,SC2154 # what other parts of the transaction set and read
# The steps of a transaction, one function each; a step that fails says why in $reason.

set -u

step_wait() {
    cloud_init_wait && lock_wait
}

step_stage() {
    for dir in /etc /etc/systemd/system "$home"; do
        [ -w "$dir" ] || [ ! -e "$dir" ] || {
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
    engine=dockerd
    # The one that will read it.
    if wants static; then engine=$(static_folder)/dockerd; fi
    said=$("$engine" --validate --config-file="$folder/check.json" 2>&1 </dev/null 9>&-) || {
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
    if wants let-go; then config_as_wanted || return; fi
    if wants hostname; then rename_host "$(wanted hostname)" || return; fi
    if wants enable; then engine enable || return; fi
    if wants daemon-reload; then engine read_again; fi
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
    "install_$(wanted install)" || return
    # Its unit is there only now.
    ! wants enable || engine enable
}

step_start() {
    touched
    # After an installation it usually runs already, with our configuration since its first start.
    if engine is_up; then return 0; fi
    engine start || {
        reason="the engine does not start"
        return 1
    }
}

step_reload() {
    touched
    # The engine forgets some settings only when it is told their default; the file itself does without.
    if wants told; then config_put told || return; fi
    reload || {
        reason="the engine does not take the new settings by reload"
        return 1
    }
    if wants told; then config_as_wanted; fi
}

step_let_go() {
    touched
    reload_live_restore before-off false || {
        reason="live-restore cannot be switched off, so containers would be left without an engine"
        return 1
    }
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
    ! wants static || runs_static || {
        reason="another engine runs than the one that was unpacked"
        return 1
    }
    port=$(wanted port)
    [ -z "$port" ] || until_true 5 listens "$port" || { restart_again && until_true 5 listens "$port"; } || {
        reason="the engine runs, but its port does not listen"
        return 1
    }
    if wants socket && [ -z "$opened" ] && ! is_active "$socket"; then
        reason="the engine runs, but its port could not be opened; does another program have it?"
        return 1
    fi
}

step_settle() {
    reload_live_restore after-off false && config_as_wanted
}

step_release() { # wants what was there before the first transaction
    cp -a "$home/origin/." "$folder/want/" && backwards "$home/origin/index" >"$folder/want/index" || return
    if wants keep-config; then keep_config || return; fi
    if [ -f "$home/origin/hostname" ]; then cp "$home/origin/hostname" "$folder/do/hostname" || return; fi
    sum_wanted && remember_all
}

# What is put in place by a link is the same file as what was wanted, whoever writes to it: only its sum tells.
sum_wanted() {
    while read -r kind number _ path; do
        if [ "$kind" != file ] || [ -h "$folder/want/$number" ]; then continue; fi
        sum=$(sha256sum <"$folder/want/$number") || return
        echo "${sum%% *}  $path"
    done <"$folder/want/index" >"$folder/want/sums"
}

keep_config() { # daemon.json with what somebody else has changed in it
    cp "$folder/kept" "$folder/want/kept" || return
    {
        echo "file kept $(wanted config-mode) $config"
        grep -v " $config\$" "$folder/want/index"
        true
    } >"$folder/want/index.new" && mv "$folder/want/index.new" "$folder/want/index"
}

step_stop() { # an engine that did not run before the first transaction
    touched
    engine stop
    [ ! -f "$home/origin/unlistening" ] || engine stop_listening
}
