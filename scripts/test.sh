#!/bin/sh
# Runs every test. Host tests that cannot run here say so by a line "SKIPPED: ..." and are counted at the end; with
# RMACHINE_REQUIRE_HOSTS=1 they fail instead.
set -eu

main() {
    skipped=$(mktemp)
    trap 'rm -f "$skipped"' EXIT
    RMACHINE_SKIPPED_FILE=$skipped
    export RMACHINE_SKIPPED_FILE
    cargo test --workspace
    count=$(wc -l <"$skipped")
    if [ "$count" -gt 0 ]; then
        echo
        sort -u "$skipped"
        echo "$count host tests were skipped, not passed"
    fi
}

main "$@"
