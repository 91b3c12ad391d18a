#!/bin/sh
# Removes the lab's hosts that an interrupted test run left behind; their images stay.
set -eu

# Removes the machines of one store.
clean() {
    [ -d "$1/machines" ] || return 0
    for folder in "$1"/machines/*/; do
        [ -d "$folder" ] || continue
        target/debug/rmachine -s "$1" rm -f "$(basename "$folder")"
    done
}

main() {
    cargo build --quiet
    clean /var/tmp/rmachine-lab
    for disk in /var/tmp/rmachine-lab/disk-*/; do
        [ -d "$disk" ] || continue
        clean "${disk%/}"
        umount "$disk" 2>/dev/null || true
        rmdir "$disk"
    done
    for home in /var/tmp/rmachine-user*/; do
        [ -d "$home" ] || continue
        clean "$home/.docker/machine"
        rm -rf "$home"
    done
}

main "$@"
