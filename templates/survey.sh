# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what offers.sh sets and reads
# How the engine that is there was installed, what the last upgrade left for the way back, and what is on offer. Uses offers.sh.

set -u

survey() {
    take
    if [ -n "$tool" ]; then
        echo "owner $("${tool}_owner" "$dockerd")"
        "${tool}_survey" | sed 's/^/has /'
        sed 's/^/kept /' /var/lib/rmachine/way-back/versions 2>/dev/null
        package=$("${tool}_owner" "$dockerd")
    fi
    for path in /opt/rmachine/engine/*/dockerd; do
        [ ! -x "$path" ] || { path=${path%/dockerd} && echo "there ${path##*/}"; }
    done
    if [ -n "$package$index" ]; then tell_offers; fi
}
