#!/bin/sh
# Says which Rust is needed where this one is older: a cargo of long ago stops at words of Cargo.toml that it does not know, before it
# comes to the version that stands there.
set -eu

main() {
    needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    # shellcheck disable=SC2086 # a program and its arguments, as in the Makefile
    there=$(${CARGO:-cargo} --version 2>/dev/null | cut -d ' ' -f 2) || true
    [ -n "$there" ] || { echo "rmachine needs Rust $needed or newer, and there is no cargo: https://rustup.rs" >&2; exit 1; }
    oldest=$(printf '%s\n' "$needed" "${there%%-*}" | sort -V | head -n 1)
    [ "$oldest" = "$needed" ] || { echo "rmachine needs Rust $needed or newer, and this is $there: https://rustup.rs" >&2; exit 1; }
}

main "$@"
