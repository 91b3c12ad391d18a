# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the files of install/ set and read
# What a source has on offer, asked on the host, by the ways and proxies that the installation will take. Changes nothing.

LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
set -u
tool=
package=
repository=
index=
dockerd=
trouble=

entry() { # NAME VALUE, of the document
    case $1 in
    tool) tool=$2 ;;
    package) package=$2 ;;
    repository) repository=$2 ;;
    index) index=$2 ;;
    dockerd) dockerd=$2 ;;
    variable) export "${2?}" ;;
    esac
}

show() { # URL
    if command -v curl >/dev/null; then
        curl -fsSL --retry 1 --max-time 20 "$1" 2>&1
    elif command -v wget >/dev/null; then
        wget -q -T 20 -O - "$1" 2>&1
    else
        echo "there is neither curl nor wget"
        return 1
    fi
}

# Names of archives in a folder, as a web server lists it.
index_offers() {
    page=$(show "$index") || {
        trouble=$(echo "$page" | tail -n 1 | cut -c 1-300)
        return 0
    }
    echo "$page" | sed -n 's/.*href="\(\.\/\)\{0,1\}docker-\([0-9][^"/]*\)\.tgz".*/\2/p'
}

tell_offers() {
    found=$(mktemp) || return
    if [ -n "$tool" ]; then "${tool}_offers" "$package" </dev/null; else index_offers </dev/null; fi >"$found"
    sed 's/^/offer /' "$found"
    [ -s "$found" ] || echo "trouble ${trouble:-nothing is on offer}"
    rm -f "$found"
}

offers() {
    take
    tell_offers
}
