#!/bin/sh
# guard.sh PROGRAM: runs a driver plugin for as long as stdin stays open. Whoever started this holds the other end, which closes however
# he ends, by SIGKILL too; the plugin ends with it. Its status is handed on.
set -u

main() {
    "$@" </dev/null &
    plugin=$!
    # What the plugin says is over when the plugin is, whether we still wait or not.
    exec >/dev/null 2>&1
    while read -r _; do :; done
    kill -KILL "$plugin"
    wait "$plugin"
}

main "$@"
