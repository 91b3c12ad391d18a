# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# pacman, for Arch Linux and what is made of it.

set -u

pacman_holder() {
    # The file alone may be a leftover.
    [ ! -e /var/lib/pacman/db.lck ] || holder_named pacman packagekitd pamac-daemon
}

pacman_run() { # ARGUMENTS...
    quiet timeout "$(remaining)" pacman --noconfirm --noprogressbar "$@"
}

pacman_lists_are_there() {
    for list in /var/lib/pacman/sync/*.db; do
        [ ! -f "$list" ] || return 0
    done
    return 1
}

pacman_install() { # PACKAGES...
    # New lists with an old system would be a partial upgrade, which Arch does not support: they are fetched only where there
    # are none, and old ones whose files are gone are the user's to renew, with the whole system.
    if pacman_lists_are_there; then
        pacman_run -S --needed "$@"
    else
        pacman_run -Sy --needed "$@"
    fi
}

# Only the newest is kept. Where the host has no lists yet, they are fetched into a folder that goes again.
pacman_offers() { # PACKAGE
    lists=$(mktemp -d) || return
    set -- -Si "$1"
    pacman_lists_are_there || {
        set -- --dbpath "$lists" "$@"
        env pacman --noconfirm --dbpath "$lists" -Sy >"$lists/log" 2>&1 || trouble=$(tail -n 1 "$lists/log" | cut -c 1-300)
    }
    env pacman "$@" 2>/dev/null | sed -n 's/^Version *: *//p'
    rm -rf "$lists"
}
