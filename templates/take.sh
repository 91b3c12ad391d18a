# shellcheck shell=sh
# Reads a script's document: each entry is handed to the script's own `entry` as NAME VALUE. Line ends at the end of a value are dropped.

set -u

take() {
    echo '@rmachine ready'
    while read -r name length && [ "$name" != . ]; do
        value=$(dd bs="$length" count=1 iflag=fullblock 2>/dev/null)
        read -r _
        entry "$name" "$value"
    done
}
