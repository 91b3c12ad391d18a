# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# The distribution's package, for Debian and its family. Uses wanted, quiet, say and remaining of transaction/.

set -u

lock_holder() { # prints "PID COMMAND" of one that works on packages
    find /proc/[0-9]*/fd \( -lname '/var/lib/dpkg/lock*' -o -lname /var/lib/apt/lists/lock \) 2>/dev/null | head -n 1 |
        while IFS=/ read -r _ _ pid _; do
            echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"
        done
}

lock_free() {
    [ -z "$(lock_holder)" ]
}

lock_wait() {
    holder=$(lock_holder)
    [ -n "$holder" ] || return 0
    say "waiting $(remaining) the package lock held by ${holder#* } (pid ${holder%% *})"
    until_true "$(remaining)" lock_free || {
        reason="the package lock is still held by ${holder#* } (pid ${holder%% *})"
        return 1
    }
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

apt() { # ARGUMENTS...: the lock may be taken again between our look and the start
    quiet timeout "$(remaining)" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o "DPkg::Lock::Timeout=$(remaining)" -o Acquire::Retries=2 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

apt_lists_are_there() {
    for list in /var/lib/apt/lists/*_Packages*; do
        [ ! -f "$list" ] || return 0
    done
    return 1
}

apt_install() { # PACKAGES...
    if apt_lists_are_there && apt install --no-install-recommends "$@"; then return 0; fi
    # No lists, or old ones whose files the mirror no longer has.
    apt update && apt install --no-install-recommends "$@"
}

install_apt() {
    # shellcheck disable=SC2046 # a list of package names, ours
    apt_install $(wanted packages) || {
        reason=$(grep -E '^(E|Err|dpkg):' "$folder/log" | tail -n 1 | cut -c 1-300)
        return 1
    }
}
