# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# Packages, whatever the tool: $tool names it, and its own file has TOOL_holder, TOOL_install and its kin. Uses wanted, quiet,
# say and remaining of transaction/.

set -u

lock_free() {
    [ -z "$("${tool}_holder")" ]
}

# A lock that nobody lets go of ends the whole, before anything was changed.
lock_wait() {
    tool=$(wanted tool) || return 0
    holder=$("${tool}_holder")
    [ -n "$holder" ] || return 0
    say "waiting $(remaining) the package lock held by ${holder#* } (pid ${holder%% *})"
    until_true "$(remaining)" lock_free || {
        reason="the package lock is still held by ${holder#* } (pid ${holder%% *})"
        return 1
    }
}

# PID COMMAND of the process that a file names, if it lives.
holder_in() { # FILE
    { [ -f "$1" ] && read -r pid _ <"$1"; } 2>/dev/null || return 0
    case $pid in '' | *[!0-9]*) return 0 ;; esac
    [ ! -d "/proc/$pid" ] || echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"
}

# PID COMMAND of a process of one of these names.
holder_named() { # COMMAND...
    for command in "$@"; do
        for comm in /proc/[0-9]*/comm; do
            if { read -r name <"$comm"; } 2>/dev/null && [ "$name" = "$command" ]; then
                pid=${comm#/proc/}
                echo "${pid%/comm} $name"
                return
            fi
        done
    done
}

cloud_init_finished() {
    [ -e /run/cloud-init/result.json ] || [ -e /run/cloud-init/disabled ]
}

cloud_init_wait() {
    [ -d /run/cloud-init ] || return 0
    cloud_init_finished && return 0
    say "waiting $(remaining) cloud-init, which still works on the host"
    until_true "$(remaining)" cloud_init_finished || {
        reason="cloud-init is still at work"
        return 1
    }
}

# What a package tool's own last words are about.
packages_failed() {
    reason=$(grep -iE '^(E|Err|dpkg|error|problem|no match|unable|ERROR):?' "$folder/log" | tail -n 1 | cut -c 1-300)
    [ -n "$reason" ] || reason=$(tail -n 1 "$folder/log" | cut -c 1-300)
}

install_packages() {
    tool=$(wanted tool)
    # shellcheck disable=SC2046 # a list of package names, ours
    "${tool}_install" $(wanted packages) || {
        packages_failed
        return 1
    }
}
