# shellcheck shell=sh
# What an audit looks at beside the facts: running containers as the engine describes them, and modes of files. Changes nothing.
#
# Answers as facts.sh does: base64 of frames, "LENGTH NAME\n" and LENGTH bytes and "\n" each, the last one named "end".

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u

part() { # NAME TEXT
    printf '%s %s\n%s\n' "${#2}" "$1" "$2"
}

containers() {
    for id in $(engine_get /containers/json | grep -o '"Id":"[0-9a-f]\{64\}"' | cut -d '"' -f 4); do
        part "container $id" "$(engine_get "/containers/$id/json")"
    done
}

modes() {
    for path in /etc/docker /etc/docker/daemon.json /etc/docker/key.json /etc/docker/rmachine /etc/docker/rmachine/* \
        /run/docker.sock /run/containerd/containerd.sock /etc/default/docker /etc/sysconfig/docker \
        /etc/systemd/system/docker.service /etc/systemd/system/docker.service.d/* /etc/systemd/system/rmachine-docker.socket \
        /lib/systemd/system/docker.service /lib/systemd/system/docker.socket; do
        [ -e "$path" ] && part "mode $path" "$(stat -L -c '%a %U %G' "$path")"
    done
}

collect() {
    containers
    modes
    part group "$(getent group docker)"
    # Public; its key stays where it is.
    if [ -f /etc/docker/rmachine/server.pem ]; then part certificate "$(cat /etc/docker/rmachine/server.pem)"; fi
    part end ""
}

audit() {
    collect </dev/null 2>/dev/null | base64
}
