#!/bin/sh
# From a clean checkout to a container on a machine that rmachine made: builds, creates a machine with the default driver,
# points the local docker client at it, builds an image on the spot, runs it, and shows the times. The machine is removed at the
# end; KEEP=1 keeps it.
set -eu

name=demo

say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }

# Runs a command, shown before, with its time after.
timed() {
    say "$@"
    began=$(date +%s%N)
    "$@"
    ended=$(date +%s%N)
    printf '  (%d.%01d s)\n' $(((ended - began) / 1000000000)) $(((ended - began) / 100000000 % 10))
}

context() {
    folder=$(mktemp -d)
    cp "$(command -v busybox)" "$folder/busybox"
    cat >"$folder/Dockerfile" <<'DOCKERFILE'
FROM scratch
COPY busybox /bin/busybox
ENTRYPOINT ["/bin/busybox"]
CMD ["sh", "-c", "echo hello from $(hostname), a container of $(cat /host)"]
DOCKERFILE
    printf 'the machine %s\n' "$name" >"$folder/host"
    echo 'COPY host /host' >>"$folder/Dockerfile"
    echo "$folder"
}

main() {
    "$(dirname "$0")/setup.sh"
    cargo build --release
    PATH="$PWD/target/release:$PATH"
    timed rmachine create "$name"
    say "eval \$(rmachine env $name)"
    vars=$(rmachine env "$name")
    eval "$vars"
    folder=$(context)
    timed docker version --format 'client {{.Client.Version}}, engine {{.Server.Version}}'
    DOCKER_BUILDKIT=0 timed docker build -q -t hello "$folder"
    timed docker run --rm hello
    timed rmachine ls
    rm -rf "$folder"
    if [ "${KEEP:-0}" = 1 ]; then
        printf '\nkept: rmachine ssh %s, rmachine rm %s\n' "$name" "$name"
    else
        timed rmachine rm -y "$name"
    fi
}

main "$@"
