# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# apt-get, for Debian, Ubuntu and what is made of them.

set -u

apt_holder() { # prints "PID COMMAND" of one that works on packages
    find /proc/[0-9]*/fd \( -lname '/var/lib/dpkg/lock*' -o -lname /var/lib/apt/lists/lock \) 2>/dev/null | head -n 1 |
        while IFS=/ read -r _ _ pid _; do
            echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"
        done
}

apt_run() { # ARGUMENTS...: the lock may be taken again between our look and the start
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
    if apt_lists_are_there && apt_run install --no-install-recommends --allow-downgrades "$@"; then return 0; fi
    # No lists, or old ones whose files the mirror no longer has.
    apt_run update && apt_run install --no-install-recommends --allow-downgrades "$@"
}

# What is on offer, newest first: asked of the mirrors anew, in a folder of its own, so that nothing of the host's changes.
apt_offers() { # PACKAGE
    lists=$(mktemp -d) || return
    apt-get -qq -o "Dir::State::lists=$lists" -o "Dir::Cache=$lists" -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
        update >"$lists/log" 2>&1 || trouble=$(grep -E '^(E|W|Err)' "$lists/log" | tail -n 1 | cut -c 1-300)
    apt-cache -o "Dir::State::lists=$lists" -o "Dir::Cache=$lists" madison "$1" 2>/dev/null | cut -d '|' -f 2 | tr -d ' '
    rm -rf "$lists"
}
