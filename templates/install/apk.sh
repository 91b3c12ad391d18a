# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what the transaction sets and reads
# apk, for Alpine.

set -u

apk_holder() {
    holder_named apk
}

apk_run() { # ARGUMENTS...
    quiet timeout "$(remaining)" apk --wait "$(remaining)" --no-progress "$@"
}

apk_install() { # PACKAGES...
    apk_run add "$@" && return 0
    apk_run update && apk_run add "$@" && return 0
    grep -q '^[^#].*/community' /etc/apk/repositories ||
        log "ERROR: the community repository, which has the engine, is not switched on in /etc/apk/repositories"
    return 1
}

apk_offers() { # PACKAGE
    env apk policy "$1" 2>/dev/null | sed -n 's/^  \([0-9][^:]*\):$/\1/p'
}
