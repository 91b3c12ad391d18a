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

# NAME VERSION of the packages that make an engine, as they are installed.
apt_survey() {
    dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' docker.io docker-cli docker-ce docker-ce-cli \
        containerd containerd.io runc 2>/dev/null | sed -n 's/^ii *//p'
}

apt_owner() { # PATH: the package that it belongs to
    dpkg-query -S "$1" 2>/dev/null | head -n 1 | cut -d : -f 1
}

# An installed package as a file again, built from what lies there: mirrors no longer have what is old, and a host may have no way
# to one. Configuration files stay as they are.
apt_repack() { # PACKAGE FILE
    root=$2.root
    (
        umask 022
        rm -rf "$root" && mkdir -p "$root/DEBIAN" || exit
        dpkg-query -L "$1" | while IFS= read -r path; do
            if [ -d "$path" ] && [ ! -h "$path" ]; then
                mkdir -p "$root$path"
            elif [ -e "$path" ] || [ -h "$path" ]; then
                cp -a "$path" "$root$path" || exit
            fi
        done || exit
        dpkg-query -s "$1" | awk '/^[^ ]/ { out = ($1 == "Status:" || $1 == "Conffiles:" || $1 == "Config-Version:") } !out' \
            >"$root/DEBIAN/control" || exit
        dpkg-query -W -f '${Conffiles}\n' "$1" | awk 'NF && $3 != "obsolete" { print $1 }' >"$root/DEBIAN/conffiles"
        for name in preinst postinst prerm postrm triggers shlibs; do
            path=$(dpkg-query --control-path "$1" "$name" 2>/dev/null)
            [ -z "$path" ] || cp "$path" "$root/DEBIAN/$name" || exit
        done
        dpkg-deb -Znone -b "$root" "$2"
    ) >>"$folder/log" 2>&1 || return
    rm -rf "$root"
}

apt_keep() { # FOLDER PACKAGES...
    kept=$1
    shift
    for package in "$@"; do
        apt_repack "$package" "$kept/$package.deb" || {
            reason="the package $package cannot be kept for the way back: $(tail -n 1 "$folder/log")"
            return 1
        }
    done
}

apt_back() { # FOLDER
    lock_wait || return
    quiet timeout "$(remaining)" env DEBIAN_FRONTEND=noninteractive dpkg --force-downgrade --force-confold -i "$1"/*.deb
}
