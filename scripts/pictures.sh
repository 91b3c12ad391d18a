#!/bin/sh
# Draws README's pictures from real runs. Progress: four machines are made at once in a terminal of tmux, what it shows in the
# middle is kept, and the machines are removed. The graph: a swarm is made, a stack deployed, its picture kept, and all of it removed.
set -eu

names='web-1 web-2 web-3 web-4'
session=rmachine-pictures

# What the terminal shows now, with its colours.
screen() { tmux -L "$session" capture-pane -e -p -t "$session" | sed -e :a -e '/^[[:space:]]*$/{$d;N;ba' -e '}'; }

# Waits until the terminal shows a text, at most so many seconds.
until_shown() {
    left=$(($2 * 10))
    until screen | grep -q -e "$1"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "pictures: $1 was not shown within $2 s" >&2; screen >&2; return 1; }
        sleep 0.1
    done
}

# A root file system of busybox alone: no image can be pulled where there is no way out.
image() {
    mkdir -p "$home/root/bin"
    cp "$(command -v busybox)" "$home/root/bin/busybox"
    ln -sf busybox "$home/root/bin/sh"
    tar c -C "$home/root" bin >"$home/image.tar"
}

stack() {
    cat <<'STACK'
version: "3.8"
services:
  front: { image: busybox, command: busybox sleep 1000, deploy: { replicas: 3, endpoint_mode: dnsrr } }
  cart: { image: busybox, command: busybox sleep 1000, deploy: { replicas: 2, endpoint_mode: dnsrr } }
  log: { image: busybox, command: busybox sleep 1000, deploy: { mode: global, endpoint_mode: dnsrr } }
STACK
}

# Every task that is wanted runs.
all_run() {
    rmachine swarm ps web >"$home/tasks" && [ "$(grep -c ' running$' "$home/tasks")" = 10 ]
}

graph() {
    image
    stack >"$home/shop.yml"
    rmachine swarm create --managers 3 --workers 2 web
    for machine in $(rmachine ls -q); do
        vars=$(rmachine env "$machine")
        (eval "$vars" && docker import -c 'ENV PATH=/bin' "$home/image.tar" busybox >/dev/null)
    done
    rmachine swarm status web
    rmachine swarm deploy web -c "$home/shop.yml" --resolve-image never shop
    left=600
    until all_run; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "pictures: the stack did not run within a minute" >&2; cat "$home/tasks" >&2; return 1; }
        sleep 0.1
    done
    rmachine swarm ps web
    rmachine swarm graph web -o docs/swarm.svg
    rmachine swarm rm web --machines -y
}

main() {
    "$(dirname "$0")/setup.sh"
    command -v tmux >/dev/null || apt-get install -y -qq --no-install-recommends tmux >/dev/null
    cargo build --quiet --bin rmachine --example terminal_svg
    PATH="$PWD/target/debug:$PATH"
    home=$(mktemp -d -p /var/tmp)
    store=$home/store
    export PATH MACHINE_STORAGE_PATH="$store"
    # shellcheck disable=SC2064,SC2086 # the folder as it is now; a list of names
    trap "tmux -L $session kill-server 2>/dev/null || true; rmachine swarm rm web --machines -f >/dev/null 2>&1 || true; rmachine rm -f $names >/dev/null 2>&1 || true; rm -rf $home" EXIT
    # The image is made before, so that the picture shows machines and no package downloads.
    rmachine create warm-up >/dev/null 2>&1
    rmachine rm -y warm-up >/dev/null 2>&1
    tmux -L "$session" new-session -d -s "$session" -x 92 -y 14 "PS1='\$ ' exec sh -i"
    until_shown '\$' 10
    tmux -L "$session" send-keys -t "$session" "rmachine create $names" Enter
    until_shown 'engine' 60
    screen >"$home/middle"
    until_shown 'point docker at it' 120
    mkdir -p docs
    cargo run --quiet --example terminal_svg <"$home/middle" >docs/progress.svg
    # shellcheck disable=SC2086 # a list of names
    rmachine rm -f $names >/dev/null 2>&1
    graph
}

main "$@"
