#!/bin/sh
# guard.sh INPUT PROGRAM: runs a driver plugin, which reads INPUT, for as long as our own stdin stays open. Whoever started this holds the
# other end, which closes however he ends, by SIGKILL too; the plugin ends with it. Its status is handed on.
set -u

main() {
    input=$1
    shift
    "$@" <"$input" &
    plugin=$!
    # What the plugin says is over when the plugin is, whether we still wait or not.
    exec >/dev/null 2>&1
    while read -r _; do :; done
    kill -KILL "$plugin"
    wait "$plugin"
}

main "$@"
