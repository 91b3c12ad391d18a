#!/bin/sh
# Runs every test and ends with one line of what passed, failed and was skipped. A host test that cannot run here says so by a line
# "SKIPPED: ...", ends without an assertion, and is counted as skipped, not as passed; with RMACHINE_REQUIRE_HOSTS=1 it fails instead.
set -eu

# The sum of one column of cargo's "test result" lines.
sum() { sed -n "s/^test result: .* \([0-9][0-9]*\) $1;.*/\1/p" "$folder/log" | awk '{n += $1} END {print n + 0}'; }

main() {
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    RMACHINE_SKIPPED_FILE=$folder/skipped
    export RMACHINE_SKIPPED_FILE
    : >"$RMACHINE_SKIPPED_FILE"
    # Tests on real hosts wait more than they work: one more of them than there are processors.
    RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) + 1))}
    export RUST_TEST_THREADS
    { status=0; cargo test --no-fail-fast "$@" || status=$?; echo "$status" >"$folder/status"; } 2>&1 | tee "$folder/log"
    skipped=$(wc -l <"$RMACHINE_SKIPPED_FILE")
    [ "$skipped" = 0 ] || sort -u "$RMACHINE_SKIPPED_FILE"
    ignored=$(sum ignored)
    echo "$(($(sum passed) - skipped)) passed, $(sum failed) failed, $((skipped + ignored)) skipped"
    return "$(cat "$folder/status")"
}

main "$@"
